"""What an endpoint was asked is counted by what came of it."""

import pytest

from chain.asked import Asked
from chain.calls import Call
from chain.errors import (
    AskAnother,
    AskLess,
    Cause,
    HistoryGone,
    LogsOff,
    Refused,
    Rest,
    RpcError,
    RunReverted,
    SplitTopics,
    TryAgain,
)
from chain.line import Failure
from chain.outcome_values import outcome_of

LOGS = Call("eth_getLogs", (), str)
HEADER = Call("eth_getBlockByNumber", (), str)


def test_a_failure_is_counted_for_the_calls_it_is_about() -> None:
    """The others of the batch were answered, and their answers thrown away."""
    asked = Asked()
    asked.note([HEADER, LOGS], [1, 2], 0.1)
    asked.note([HEADER, LOGS], Failure(error=AskLess("too many"), calls=[LOGS]), 0.1)

    assert dict(asked.counts) == {
        ("eth_getBlockByNumber", "answered"): 1,
        ("eth_getLogs", "answered"): 1,
        ("eth_getBlockByNumber", "beside_a_failure"): 1,
        ("eth_getLogs", "ask_less"): 1,
    }


def test_the_cause_of_rest_is_what_it_last_rested_for() -> None:
    """A question that is refused leaves an endpoint well, and is no cause."""
    asked = Asked()
    asked.note([LOGS], Failure(error=LogsOff("off"), calls=[LOGS]), 0.1)
    asked.note([LOGS], Failure(error=Refused("what?"), calls=[LOGS]), 0.1)
    first = asked.cause
    asked.distrust()

    assert (first, asked.cause, asked.distrusted) == ("logs_off", "distrust", 1)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (TryAgain("no answer"), "trouble"),
        (TryAgain("not there yet", cause=Cause.BEHIND), "behind"),
        (TryAgain("too often", cause=Cause.RATE), "rate"),
        (AskLess("too many"), "ask_less"),
        (HistoryGone("pruned"), "history_gone"),
        (LogsOff("off"), "logs_off"),
        (Rest("no credit"), "no_credit"),
        (AskAnother("limit exceeded"), "limit"),
        (SplitTopics("too many topics"), "split_topics"),
        (RunReverted("execution reverted"), "reverted"),
        (Refused("what?"), "refused"),
    ],
)
def test_every_family_has_a_word(error: RpcError, outcome: str) -> None:
    """The most precise family counts."""
    assert outcome_of(error) == outcome
