"""The fork of two chains is the newest block that both have, however long they are and wherever they part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.reconcile import (
    FEW_BLOCKS,
    Disputed,
    Fork,
    Left,
    Theirs,
    TooDeep,
    Unknown,
    Verdict,
    describe,
    describe_too_deep,
    needs_second_word,
    reconcile,
    weigh,
)
from models.values import BlockId


def chain(first: int, last: int, *, parts_after: int, branch: str) -> list[BlockId]:
    """Return the blocks of a range: common up to a height, of a branch of their own above."""
    return [
        BlockId(number=number, hash=f"{branch if number > parts_after else ''}{number}".encode().rjust(32, b"\1"))
        for number in range(first, last + 1)
    ]


def told(blocks: list[BlockId], *, final_through: int = 10**9) -> Theirs:
    return Theirs({block.number: block.hash for block in blocks}, final_through)


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

    if common and common[-1] != ours[-1] and common[-1].number + 1 not in heights:
        assert verdict == Unknown(common[-1].number + 1)
    elif common:
        assert verdict == Fork(common[-1])
    elif first in heights:
        assert verdict == TooDeep(ours[0])
    else:
        assert verdict == Unknown(first)


OURS = chain(7, 10, parts_after=8, branch="a")


@pytest.mark.parametrize(
    ("theirs", "verdict"),
    [
        (chain(7, 11, parts_after=8, branch="b"), Fork(OURS[1])),
        (chain(7, 9, parts_after=8, branch="b"), Fork(OURS[1])),
        (chain(7, 8, parts_after=8, branch="b"), Unknown(9)),
        (chain(7, 7, parts_after=8, branch="b"), Unknown(8)),
        (OURS, Fork(OURS[3])),
        (chain(7, 11, parts_after=6, branch="b"), TooDeep(OURS[0])),
        (chain(8, 11, parts_after=7, branch="b"), Unknown(7)),
        ([], Unknown(7)),
    ],
    ids=[
        "they went on elsewhere",
        "they are shorter, and parted",
        "they are shorter, up to where we may part",
        "they are shorter still",
        "nothing parts us",
        "below our oldest",
        "they do not tell our oldest",
        "they have nothing",
    ],
)
def test_verdicts(theirs: list[BlockId], verdict: Verdict) -> None:
    """Drawn out, one by one."""
    assert reconcile(OURS, told(theirs)) == verdict


FORK, DEEP, SILENT = Fork(OURS[1]), TooDeep(OURS[0]), Unknown(9)


@pytest.mark.parametrize(
    ("verdict", "cursor", "needed"),
    [(FORK, 8 + FEW_BLOCKS, False), (FORK, 9 + FEW_BLOCKS, True), (DEEP, 10, True), (SILENT, 100, False)],
)
def test_what_takes_back_much_needs_a_second_word(verdict: Verdict, cursor: int, needed: bool) -> None:
    """A block or two are nobody's surprise."""
    assert needed == needs_second_word(verdict, cursor=cursor)


@pytest.mark.parametrize(
    ("first", "second", "weighed"),
    [
        (FORK, FORK, FORK),
        (DEEP, DEEP, DEEP),
        (FORK, SILENT, SILENT),
        (DEEP, FORK, Disputed(DEEP, FORK)),
        (FORK, Fork(OURS[3]), Disputed(FORK, Fork(OURS[3]))),
    ],
    ids=["agreed", "agreed that it is too deep", "the second lags", "not as deep", "the second sees no fork"],
)
def test_two_words_are_weighed(first: Verdict, second: Verdict, weighed: Verdict | Disputed) -> None:
    """Only what both say is done."""
    assert weighed == weigh(first, second)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (FORK, f"our blocks through {FORK.at.number}"),
        (DEEP, "another block 7, and holds it final"),
        (Left(OURS[0]), "another block 7, which it does not hold final"),
        (Unknown(9), "no block 9 yet"),
    ],
)
def test_what_an_endpoint_has_is_told_in_words(verdict: Verdict, words: str) -> None:
    """For whoever has to find out which of two is right."""
    assert words == describe(verdict)


@pytest.mark.parametrize("fork", [None, OURS[0]])
def test_a_fork_below_finality_is_told_with_what_to_do(fork: BlockId | None) -> None:
    """With the block, its hash, and the commands."""
    told_so = describe_too_deep(DEEP, fork)

    assert "below block 7" in told_so
    assert "lamda reindex" in told_so
    assert ("lamda resume" in told_so) == (fork is not None)


def test_a_block_that_comes_back_higher_up_is_no_fork() -> None:
    """Hashes are compared at one height only."""
    assert reconcile(OURS, Theirs({7: OURS[1].hash, 8: OURS[0].hash}, 8)) == TooDeep(OURS[0])


def test_who_contradicts_a_final_block_must_hold_its_own_final() -> None:
    """A node that stands on a branch that was left long ago does not; the chain that broke its word does."""
    elsewhere = chain(7, 11, parts_after=6, branch="b")

    assert Left(OURS[0]) == reconcile(OURS, told(elsewhere, final_through=6))
    assert TooDeep(OURS[0]) == reconcile(OURS, told(elsewhere, final_through=7))
