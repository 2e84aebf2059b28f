"""What follows for an endpoint from how it answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import judge
from chain.errors import (
    AskAnother,
    AskLess,
    Cause,
    HistoryGone,
    LogsOff,
    Refused,
    Rest,
    RpcError,
    SplitTopics,
    TryAgain,
)
from chain.health_values import Health, Resting

TROUBLE = TryAgain("connection refused")
TOO_OFTEN = TryAgain("slow down", cause=Cause.RATE)


def after(error: RpcError, health: Health | None = None, *, asked_at: float = 100.0, now: float = 100.0) -> Health:
    """Judge an error whose text is the reason."""
    return judge.judge(error, health or Health(), reason=str(error), asked_at=asked_at, now=now)


def rest_of(health: Health) -> Resting:
    """Return the rest that the endpoint has."""
    assert health.resting is not None
    return health.resting


def seconds_of(health: Health) -> float:
    """Return how long the endpoint rests in all, or zero."""
    return 0.0 if health.resting is None else health.resting.until - health.resting.since


def test_trouble_again_and_again_makes_it_rest_longer() -> None:
    """From a quarter of a second to half a minute."""
    health, rests, now = Health(), [], 100.0
    for _ in range(9):
        health = after(TROUBLE, health, asked_at=now, now=now)
        rests.append(seconds_of(health))
        now = rest_of(health).until

    assert rests == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_requests_that_fail_together_fail_once() -> None:
    """Many are in flight when a server dies; that is one trouble."""
    health = after(TROUBLE, asked_at=100.0, now=100.0)

    assert health == after(TROUBLE, health, asked_at=99.0, now=100.1)


def test_success_after_the_rest_ends_it() -> None:
    """And the next trouble starts small again."""
    health = after(TROUBLE, after(TROUBLE), asked_at=101.0, now=101.0)
    well = judge.after_success(health, asked_at=rest_of(health).until, proved_logs=False)

    assert well.resting is None
    assert seconds_of(after(TROUBLE, well)) == 0.25


def test_logs_that_fail_are_made_good_by_logs() -> None:
    """A node that hangs at each question for logs, and is quick with its head, rests ever longer."""
    rests, health, now = [], Health(), 100.0
    for proved_logs in (False, False, True, False):
        health = judge.after_trouble(health, "no whole answer", asked_at=now, now=now, about_logs=True)
        rests.append(seconds_of(health))
        now = rest_of(health).until
        health = judge.after_success(health, asked_at=now, proved_logs=proved_logs)

    assert rests == [0.25, 0.5, 1.0, 0.25]


def test_success_of_what_was_asked_before_proves_nothing() -> None:
    """An answer that was on its way does not take an endpoint back."""
    health = after(TROUBLE)

    assert judge.after_success(health, asked_at=100.1, proved_logs=True).resting == health.resting


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (TryAgain("busy", 7.0), 7.0),
        (TryAgain("busy", 7.0, cause=Cause.RATE), 7.0),
        (TryAgain("busy", 86_400.0), 60.0),
        (TryAgain("busy", float("inf")), 60.0),
        (Rest("no credit"), 600.0),
        (Rest("not now", 12.0), 12.0),
        (LogsOff("no logs"), 300.0),
        (TryAgain("header not found", cause=Cause.BEHIND), 0.0),
        (HistoryGone("pruned"), 0.0),
        (AskAnother("limit exceeded"), 0.0),
        (AskLess("too wide"), 0.0),
        (SplitTopics("too many"), 0.0),
        (Refused("no"), 0.0),
    ],
)
def test_each_error_has_its_rest(error: RpcError, seconds: float) -> None:
    """One that understands a question is well, whatever it answers."""
    assert seconds_of(after(error)) == seconds


@pytest.mark.parametrize(
    ("error", "seconds"), [(TryAgain("busy", 7.0), 7.0), (Rest("no credit"), 0.9), (LogsOff("no logs"), 0.9)]
)
def test_the_only_endpoint_rests_long_only_if_it_says_how_long(error: RpcError, seconds: float) -> None:
    """There is nobody to ask meanwhile, and whoever mends it wants to see it work."""
    assert seconds_of(after(error, Health(alone=True))) == pytest.approx(seconds)


def test_the_longer_rest_counts() -> None:
    """A little trouble does not end the rest of an endpoint without credit."""
    health = after(Rest("no credit"))

    assert rest_of(after(TryAgain("busy", 5.0), health, now=101.0)).reason == "no credit"


@pytest.mark.parametrize("proved_logs", [False, True])
def test_where_logs_were_switched_off_only_logs_prove_it_well(proved_logs: bool) -> None:
    """It may have answered everything else all the time."""
    health = judge.after_success(after(LogsOff("no logs")), asked_at=400.0, proved_logs=proved_logs)

    assert (health.resting is None) == proved_logs


@pytest.mark.parametrize("error", [TROUBLE, TOO_OFTEN])
def test_the_only_endpoint_is_asked_all_the_same(error: TryAgain) -> None:
    """However often it failed: whoever starts a server polls it, and there is nobody else to ask."""
    health, now = Health(alone=True), 100.0
    for _ in range(50):
        health = after(error, health, asked_at=now, now=now)
        now += 0.02

        assert judge.may_be_asked(health, now=now)

    assert judge.after_success(health, asked_at=now, proved_logs=False).resting is None


@pytest.mark.parametrize("alone", [False, True])
def test_who_asks_for_rest_is_left_alone(alone: bool) -> None:
    """Until the time is over."""
    health = after(TryAgain("busy", 7.0), Health(alone=alone))

    assert [judge.may_be_asked(health, now=now) for now in (100.0, 106.9, 107.0)] == [False, False, True]


def test_the_pace_halves_with_each_complaint() -> None:
    """From ten requests a second; complaints about what was asked before the pace was changed do not count."""
    health, pauses, now = Health(), [], 100.0
    for _ in range(8):
        health = after(TOO_OFTEN, after(TOO_OFTEN, health, asked_at=now, now=now), asked_at=now - 0.01, now=now)
        pauses.append(health.pause_seconds)
        now += 10.0

    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 3.2, 3.2]


def test_the_pace_recovers_slowly() -> None:
    """And is forgotten in the end."""
    health, answers = Health(pause_seconds=3.2), 0
    while health.pause_seconds:
        health, answers = judge.after_success(health, asked_at=0.0, proved_logs=False), answers + 1

    assert 50 < answers < 150


@pytest.mark.parametrize(("height", "lagging"), [(100, False), (99, False), (80, False), (79, True), (130, False)])
def test_an_endpoint_lags_beyond_some_blocks(height: int, lagging: bool) -> None:
    """A few blocks are the time that an answer takes."""
    assert judge.lags(height, 100) == lagging


@pytest.mark.parametrize(
    ("height", "now", "news"), [(101, 0.0, True), (100, 0.0, True), (99, 9.9, False), (99, 10.0, True)]
)
def test_a_head_that_goes_backwards_is_no_news(height: int, now: float, news: bool) -> None:
    """Unless it stays there."""
    assert judge.is_news(height, known=100, known_at=0.0, now=now) == news


ERRORS = st.one_of(
    st.builds(TryAgain, st.just("t"), st.none() | st.floats(0, 1e9), cause=st.sampled_from(Cause)),
    st.builds(Rest, st.just("r"), st.floats(0, 1e4)),
    st.sampled_from([LogsOff("l"), HistoryGone("h"), AskAnother("a"), AskLess("x"), SplitTopics("s"), Refused("f")]),
)
"""Whatever an endpoint may answer, or None for success."""


@given(
    alone=st.booleans(),
    events=st.lists(st.tuples(st.none() | ERRORS, st.floats(0.001, 100), st.booleans()), max_size=30),
)
def test_every_endpoint_comes_back(alone: bool, events: list[tuple[RpcError | None, float, bool]]) -> None:
    """Whatever happened: it rests for a bounded time, and one good answer after that makes it well."""
    health, now = Health(alone=alone), 0.0
    for error, passed, proved in events:
        asked_at, now = now, now + passed
        if error is None:
            health = judge.after_success(health, asked_at=asked_at, proved_logs=proved)
        else:
            health = after(error, health, asked_at=asked_at, now=now)

        assert 0 <= health.pause_seconds <= 3.2
        assert health.resting is None or health.resting.until <= now + 1e4

    until = max(now, health.resting.until if health.resting else now)

    assert judge.may_be_asked(health, now=until)
    assert judge.after_success(health, asked_at=until, proved_logs=True).resting is None
