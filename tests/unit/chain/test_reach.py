"""How far a range may reach is learned from what was borne and what was refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import judge
from chain.errors import AskLess
from chain.health_values import RANGE_FIRST, RANGE_MAX, Reach


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
    assert judge.reach_after_answer(Reach(), blocks=2_000, logs=100_000).blocks == 2_000 * judge.LOGS_MAX // 100_000
    assert judge.reach_after_answer(Reach(), blocks=2_000, logs=2 * judge.LOGS_MAX) == Reach()
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
