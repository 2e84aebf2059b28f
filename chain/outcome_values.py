"""What came of asking an endpoint, in one word for each remedy of `chain.errors`; `metrics` counts by it."""

from chain.errors import (
    AskAnother,
    AskLess,
    HistoryGone,
    LogsOff,
    Rest,
    RpcError,
    RunReverted,
    SplitTopics,
    TryAgain,
)

ANSWERED = "answered"
BESIDE = "beside_a_failure"
"""Answered, but thrown away: another question of the same batch failed."""

DISTRUST = "distrust"
"""A cause of rest that is no answer's: several answers contradict each other."""

RESTING = frozenset({"trouble", "rate", "no_credit", "logs_off"})
"""The outcomes after which an endpoint rests."""

_WORDS: tuple[tuple[type[RpcError], str], ...] = (
    (AskLess, "ask_less"),
    (HistoryGone, "history_gone"),
    (LogsOff, "logs_off"),
    (Rest, "no_credit"),
    (AskAnother, "limit"),
    (SplitTopics, "split_topics"),
    (RunReverted, "reverted"),
)


def outcome_of(error: RpcError) -> str:
    """Return the word for an error; the first family that fits is the most precise."""
    if isinstance(error, TryAgain):
        return error.cause.name.lower()
    return next((word for family, word in _WORDS if isinstance(error, family)), "refused")
