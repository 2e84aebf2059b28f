"""As of which blocks something may be asked, and what is said where it may not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from graphql_api.as_of import NOW, AsOf, Ground, by_chain, check_as_of, check_indexed, ground, read_as_of
from graphql_api.errors import BadInput, NotIndexed, NotKept
from graphql_api.rows import CheckpointRow, GroundRow
from models.values import Chain

DAWN = datetime(2026, 1, 1, tzinfo=UTC)
BSC = CheckpointRow(
    chain="bsc",
    number=120,
    hash=bytes(32),
    block_time=DAWN,
    state_through=117,
    finalized=110,
    final_through=110,
    head=130,
    paused_reason=None,
    updated_at=DAWN,
    chain_id=56,
    contract_address=bytes(20),
    start_block=100,
    now=DAWN,
)
AROUND = GroundRow(
    before_number=10,
    before_time=DAWN,
    after_number=14,
    after_time=DAWN + timedelta(seconds=8),
    cut_day=None,
)


def test_what_is_not_named_is_as_of_now() -> None:
    """Each chain by itself."""
    assert read_as_of([]) == NOW
    assert read_as_of([(Chain.OPBNB, 7)]) == AsOf(opbnb=7)
    assert read_as_of([(Chain.OPBNB, 7), (Chain.BSC, 3)]) == AsOf(bsc=3, opbnb=7)


def test_a_chain_is_named_once() -> None:
    """Two blocks of one chain are a mistake."""
    with pytest.raises(BadInput, match="asOf: BSC is named twice, at 3 and 4: name each chain once"):
        read_as_of([(Chain.BSC, 3), (Chain.BSC, 4)])


@pytest.mark.parametrize("block", [100, 117])
def test_a_block_counts_from_the_first_to_the_one_that_state_follows_from(block: int) -> None:
    """Both ends included."""
    check_as_of(AsOf(bsc=block), [BSC])


def test_a_block_before_the_first_is_not_kept() -> None:
    """It says which is the first."""
    with pytest.raises(NotKept, match="asOf: BSC is indexed from block 100 on, not from 99") as raised:
        check_as_of(AsOf(bsc=99), [BSC])

    assert raised.value.extensions == {"code": "NOT_KEPT", "chain": "BSC", "asked": 99, "start": 100}


def test_a_block_that_is_not_indexed_says_how_far_we_are() -> None:
    """In words, and in numbers for programs."""
    with pytest.raises(NotIndexed) as raised:
        check_indexed((Chain.BSC, 118), by_chain([BSC]))

    assert raised.value.message == (
        "block 118 of BSC is not indexed: we are at 117 and its head is at 130; ask again in a moment"
    )
    assert raised.value.extensions == {
        "code": "NOT_INDEXED",
        "chain": "BSC",
        "asked": 118,
        "indexed": 117,
        "head": 130,
        "lagBlocks": 13,
    }


def test_a_chain_that_is_paused_says_so() -> None:
    """To ask again would not help."""
    with pytest.raises(NotIndexed, match="it is paused: too deep a reorg"):
        check_indexed((Chain.BSC, 118), by_chain([replace(BSC, paused_reason="too deep a reorg")]))


def test_a_chain_of_which_nothing_is_indexed_says_so() -> None:
    """There is no block to name."""
    with pytest.raises(NotIndexed, match="block 1 of OPBNB is not indexed: nothing of it is indexed yet") as raised:
        check_as_of(AsOf(opbnb=1), [BSC])

    assert (raised.value.extensions or {})["indexed"] is None


@pytest.mark.parametrize(("block", "seconds"), [(10, 0), (11, 2), (14, 8)])
def test_the_time_of_a_block_is_in_proportion_between_those_we_know(block: int, seconds: int) -> None:
    """And its own, where we know it."""
    row = AROUND if block < 14 else replace(AROUND, before_number=14, before_time=AROUND.after_time)

    assert ground(block, row) == Ground(at=DAWN + timedelta(seconds=seconds), folded_through=date.min)


def test_before_anything_is_known_a_block_is_as_late_as_the_next() -> None:
    """Nobody is online then anyway."""
    row = replace(AROUND, before_number=None, before_time=None)

    assert ground(11, row).at == AROUND.after_time


def test_days_stand_for_heartbeats_that_were_dropped() -> None:
    """From the end of the last such day on, all its heartbeats are before the block."""
    cut = replace(AROUND, cut_day=date(2025, 12, 31))

    assert ground(10, cut) == Ground(at=DAWN, folded_through=date(2025, 12, 31))


@pytest.mark.parametrize(
    "row",
    [
        replace(AROUND, cut_day=date(2026, 1, 1)),
        replace(AROUND, cut_day=date(2025, 12, 31), before_time=DAWN - timedelta(seconds=1)),
        replace(AROUND, cut_day=date(2025, 12, 31), before_number=None, before_time=None),
    ],
    ids=["within the day", "perhaps before midnight", "before all that is known"],
)
def test_before_the_end_of_the_last_such_day_heartbeats_are_missing(row: GroundRow) -> None:
    """It says from when on they are all there."""
    with pytest.raises(
        NotKept, match=r"heartbeats around block 11 of OPBNB .*: ask for a block from 2026-01-0"
    ) as raised:
        ground(11, row)

    assert str((raised.value.extensions or {})["since"]).endswith("T00:00:00Z")
