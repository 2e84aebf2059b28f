"""What follows for an endpoint from how it answered."""

from dataclasses import replace

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
from chain.health_values import RANGE_FIRST, RANGE_MAX, Health, Reach, Resting

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
    """What the endpoint asks for; one that understands a question is well."""
    assert seconds == seconds_of(after(error, Health()))


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(TryAgain("busy", 59.0), 59.0), (Rest("no credit"), 10.0), (Rest("not now", 5.0), 5.0), (LogsOff("off"), 10.0)],
)
def test_the_only_endpoint_is_soon_asked_again(error: RpcError, seconds: float) -> None:
    """After what it asked for; what it cannot do now may be mended while there is nobody else to ask."""
    assert seconds == seconds_of(after(error, Health(alone=True)))


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


def test_a_range_grows_with_success() -> None:
    """By a quarter, or by a sixteenth once it was refused, up to a maximum."""
    assert judge.reach_after_answer(Reach(), blocks=RANGE_FIRST, logs=5).blocks == 2_501
    assert judge.reach_after_answer(Reach(was_refused=True), blocks=RANGE_FIRST, logs=5).blocks == 2_126
    assert judge.reach_after_answer(Reach(blocks=19_000), blocks=19_000, logs=5).blocks == RANGE_MAX


def test_a_short_range_proves_nothing() -> None:
    """What is left before the head is seldom a whole range."""
    assert judge.reach_after_answer(Reach(), blocks=10, logs=0) == Reach()


def test_many_logs_shrink_the_range() -> None:
    """So that what is in flight fits into memory; somewhat many only stop its growth."""
    assert judge.reach_after_answer(Reach(), blocks=2_000, logs=100_000).blocks == 100
    assert judge.reach_after_answer(Reach(), blocks=2_000, logs=7_500) == Reach()
    assert judge.reach_after_answer(Reach(), blocks=1, logs=10**9).blocks == 1


@pytest.mark.parametrize(
    ("limit", "blocks", "left"), [(None, 2_000, 1_000), (500, 2_000, 500), (2_000, 2_000, 1_000), (5_000, 2_000, 1_000),
                                  (None, 1, 1), (1, 1, 1), (0, 10, 5), (None, 900, 450)],
)  # fmt: skip
def test_a_refused_range_shrinks_to_what_was_named(limit: int | None, blocks: int, left: int) -> None:
    """Or to half; a limit that was kept to is none."""
    assert judge.reach_after_refusal(Reach(), AskLess("no", limit), blocks=blocks).blocks == left


def test_a_range_that_worked_once_is_no_limit() -> None:
    """It was for blocks full of logs; others may be empty."""
    crowded = judge.reach_after_refusal(Reach(), AskLess("try [1, 2]", 2, lasts=False), blocks=2_000)

    assert judge.reach_after_answer(crowded, blocks=2, logs=3).blocks == 3


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


ANSWERS = st.one_of(
    st.builds(lambda logs: (None, logs), st.integers(0, 10**6)),
    st.builds(
        lambda limit, lasts: (AskLess("x", limit, lasts=lasts), 0), st.none() | st.integers(-5, 10**6), st.booleans()
    ),
)


@given(answers=st.lists(ANSWERS, max_size=60), part=st.floats(0.01, 1))
def test_a_range_stays_within_all_limits(answers: list[tuple[AskLess | None, int]], part: float) -> None:
    """At least one block, at most what is sensible, and never beyond a limit that was named for good."""
    reach, named = Reach(), RANGE_MAX
    for refusal, logs in answers:
        blocks = max(1, int(reach.blocks * part))
        if refusal is None:
            reach = judge.reach_after_answer(reach, blocks=blocks, logs=logs)
        else:
            before = reach
            reach = judge.reach_after_refusal(reach, refusal, blocks=blocks)
            if refusal.lasts and refusal.limit is not None and 0 < refusal.limit < blocks:
                named = min(named, refusal.limit)

            assert reach.blocks < blocks or blocks == 1
            assert reach.blocks <= before.blocks

        assert 1 <= reach.blocks <= named


@given(truth=st.integers(100, RANGE_MAX), says_so=st.booleans())
def test_the_range_finds_what_an_endpoint_takes(truth: int, says_so: bool) -> None:
    """And keeps near it, at the cost of a refusal now and then."""
    reach, refused = Reach(), 0
    for _ in range(200):
        if reach.blocks <= truth:
            reach = judge.reach_after_answer(reach, blocks=reach.blocks, logs=0)
        else:
            refused += 1
            refusal = AskLess("too wide", truth if says_so else None)
            reach = judge.reach_after_refusal(reach, refusal, blocks=reach.blocks)

    assert reach.blocks >= truth // 2
    assert refused <= (1 if says_so else 200 // 8)


def test_values_do_not_change() -> None:
    """A judgement is a new value."""
    health = Health()
    after(TROUBLE, health)

    assert health == replace(health)
