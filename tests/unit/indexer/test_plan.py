"""From any start to any head, what is read is read once, in order, and only as far as it is safe."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.errors import TryAgain
from indexer import plan
from indexer.plan import ReadHead, ReadHistory, RefreshState, Rest, View
from models.values import BlockRange

BLOCKS = st.integers(0, 200_000)
SIZES = st.integers(1, 20_000)
FACTS = st.integers(0, 2 * plan.PENDING_FACTS_MAX)


@st.composite
def views(draw: st.DrawFn) -> View:
    """Draw any place of ours on any chain; state trails facts in history only."""
    head = draw(BLOCKS)
    finalized = draw(st.integers(0, head))
    number = draw(st.integers(-1, 200_000))
    is_behind = draw(st.booleans()) and number <= finalized
    return View(
        number=number,
        state_through=draw(st.integers(-1, number)) if is_behind else number,
        pending_facts=draw(FACTS) if is_behind else 0,
        head=head,
        finalized=finalized,
        to_block=draw(st.none() | BLOCKS),
        range_size=draw(SIZES),
    )


def taken(view: View, step: plan.Step, facts: int) -> View:
    """Return where we are after a step that brought so many facts."""
    match step:
        case ReadHistory(blocks):
            return replace(view, number=blocks.last, pending_facts=view.pending_facts + facts)
        case ReadHead(blocks):
            return replace(view, number=blocks.last, state_through=blocks.last)
        case RefreshState():
            return replace(view, state_through=view.number, pending_facts=0)
        case Rest():
            return view


def goal_of(view: View) -> int:
    return view.head if view.to_block is None else min(view.head, view.to_block)


@settings(deadline=None)
@given(view=views(), facts=FACTS)
def test_each_block_up_to_the_goal_is_read_once_and_in_order(view: View, facts: int) -> None:
    """Ranges neither overlap nor skip, and end where the chain or the order to stop does."""
    goal, read = goal_of(view), view.number
    while not isinstance(step := plan.next_step(view), Rest):
        if isinstance(step, ReadHistory | ReadHead):
            assert step.blocks.first == read + 1
            read = step.blocks.last
        view = taken(view, step, facts)

    assert read == max(goal, view.number)
    assert view.state_through == view.number


@given(view=views())
def test_a_range_is_read_of_final_blocks_only(view: View) -> None:
    """And no wider than the endpoint bears."""
    step = plan.next_step(view)

    if isinstance(step, ReadHistory):
        assert step.blocks.last <= min(view.finalized, goal_of(view))
        assert len(step.blocks) <= view.range_size


@given(view=views())
def test_blocks_near_the_head_are_read_with_state_in_line(view: View) -> None:
    """A rewind refreshes only the keys it touches: nothing else may be waiting then."""
    step = plan.next_step(view)

    if isinstance(step, ReadHead):
        assert view.state_through == view.number
        assert len(step.blocks) <= plan.HEADERS_MAX


@given(view=views())
def test_a_refresh_is_never_asked_for_in_vain(view: View) -> None:
    """It follows facts that wait, and none wait after it."""
    step = plan.next_step(view)

    if isinstance(step, RefreshState):
        assert view.state_through < view.number
        assert not isinstance(plan.next_step(taken(view, step, 0)), RefreshState)


def far_away(**changes: int) -> View:
    """Return a view from the middle of a long backfill."""
    view = View(
        number=1_000, state_through=0, pending_facts=10, head=90_000, finalized=89_990, to_block=None, range_size=500
    )
    return replace(view, **changes)


@pytest.mark.parametrize(
    ("view", "step"),
    [
        (far_away(), ReadHistory(BlockRange(first=1_001, last=1_500))),
        (far_away(to_block=1_200), ReadHistory(BlockRange(first=1_001, last=1_200))),
        (far_away(to_block=1_020), RefreshState()),
        (far_away(to_block=1_020, state_through=1_000), ReadHead(BlockRange(first=1_001, last=1_020))),
        (far_away(pending_facts=plan.PENDING_FACTS_MAX), RefreshState()),
        (far_away(finalized=1_050), RefreshState()),
        (far_away(finalized=1_050, state_through=1_000), ReadHead(BlockRange(first=1_001, last=1_096))),
        (far_away(head=1_000, finalized=990, state_through=1_000), Rest()),
        (far_away(head=900, finalized=890, state_through=1_000), Rest()),
    ],
)
def test_next_step(view: View, step: plan.Step) -> None:
    """Wide ranges far away, single headers near, state in between, rest at the end."""
    assert plan.next_step(view) == step


@settings(deadline=None)
@given(view=views(), count=st.integers(1, 20))
def test_what_is_read_ahead_are_the_next_ranges_of_history(view: View, count: int) -> None:
    """They neither overlap nor skip, and are final blocks only."""
    through, read = None, view.number
    for _ in range(count):
        blocks = plan.ahead(view, through)
        if blocks is None:
            break
        assert blocks.first == read + 1
        assert len(blocks) <= view.range_size
        assert blocks.last <= min(view.finalized, goal_of(view))
        through = read = blocks.last


@given(view=views())
def test_nothing_is_read_ahead_near_the_head(view: View) -> None:
    """It would be old before its turn comes."""
    if isinstance(plan.next_step(view), ReadHead | Rest):
        assert plan.ahead(view, None) is None


@pytest.mark.parametrize(
    ("trouble", "last", "delay"),
    [
        (TryAgain("slow down", 7.0), 0.0, 7.0),
        (TryAgain("slow down", 86_400.0), 0.0, 60.0),
        (TryAgain("slow down", float("inf")), 0.0, 60.0),
        (TryAgain("slow down", 0.0), 0.0, 0.2),
        (TryAgain("header not found"), 0.0, 0.2),
        (TryAgain("header not found"), 0.2, 0.4),
        (TryAgain("header not found"), 8.0, 10.0),
        (ConnectionError("database"), 10.0, 10.0),
    ],
)
def test_rest_after_trouble(trouble: Exception, last: float, delay: float) -> None:
    """As long as the endpoint asked for, within reason; otherwise ever longer, up to ten seconds."""
    assert plan.delay_after_trouble(trouble, last=last, poll_seconds=0.2) == delay
