"""The fork of two chains is the newest block that both have, however long they are and wherever they part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.reconcile import Fork, TooDeep, Unknown, reconcile
from models.values import BlockId


def chain(first: int, last: int, *, parts_after: int, branch: str) -> list[BlockId]:
    """Return the blocks of a range: common up to a height, of a branch of their own above."""
    return [
        BlockId(number=number, hash=f"{branch if number > parts_after else ''}{number}".encode().rjust(32, b"\1"))
        for number in range(first, last + 1)
    ]


def told(blocks: list[BlockId]) -> dict[int, bytes]:
    return {block.number: block.hash for block in blocks}


@given(
    first=st.integers(-1, 1_000),
    length=st.integers(1, 60),
    part=st.integers(-5, 65),
    theirs_longer=st.integers(-70, 20),
    theirs_begin=st.integers(-10, 10),
)
def test_any_two_chains(first: int, length: int, part: int, theirs_longer: int, theirs_begin: int) -> None:
    """Against the plain reading: the last of our blocks that is among theirs."""
    last, parts_after = first + length - 1, first + part
    ours = chain(first, last, parts_after=parts_after, branch="a")
    theirs = chain(first + theirs_begin, last + theirs_longer, parts_after=parts_after, branch="b")
    common = [block for block in ours if block in theirs]
    heights = {block.number for block in theirs}

    verdict = reconcile(ours, told(theirs))

    if common:
        assert verdict == Fork(common[-1])
    elif first in heights:
        assert verdict == TooDeep(ours[0])
    else:
        assert verdict == Unknown(ours[0])


OURS = chain(7, 10, parts_after=8, branch="a")


@pytest.mark.parametrize(
    ("theirs", "verdict"),
    [
        (chain(7, 11, parts_after=8, branch="b"), Fork(OURS[1])),
        (chain(7, 8, parts_after=8, branch="b"), Fork(OURS[1])),
        (chain(7, 7, parts_after=8, branch="b"), Fork(OURS[0])),
        (OURS, Fork(OURS[3])),
        (chain(7, 11, parts_after=6, branch="b"), TooDeep(OURS[0])),
        (chain(8, 11, parts_after=7, branch="b"), Unknown(OURS[0])),
        ([], Unknown(OURS[0])),
    ],
    ids=[
        "they went on elsewhere",
        "they are shorter, up to the fork",
        "they are shorter still",
        "nothing parts us",
        "below our oldest",
        "they do not tell our oldest",
        "they have nothing",
    ],
)
def test_verdicts(theirs: list[BlockId], verdict: Fork | TooDeep | Unknown) -> None:
    """Drawn out, one by one."""
    assert reconcile(OURS, told(theirs)) == verdict


def test_a_block_that_comes_back_higher_up_is_no_fork() -> None:
    """Hashes are compared at one height only."""
    assert reconcile(OURS, {7: OURS[1].hash, 8: OURS[0].hash}) == TooDeep(OURS[0])
