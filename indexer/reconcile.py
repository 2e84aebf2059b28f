"""
Decide where our chain and the endpoint's chain part.

Works on block ids alone and does no I/O: the follower fetches, this module judges. A fork below finality is never
repaired here; it comes back as `TooDeep` and a person must look. A block that they do not have proves nothing: they
may only lag.

    ours     … ── 7 ── 8 ── 9  ── 10
    theirs   … ── 7 ── 8 ── 9' ── 10' ── 11'      → Fork(at=8)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.values import BlockId, show_bytes

FEW_BLOCKS = 3
"""A rewind of more blocks than these wants the word of a second endpoint, where there is one."""


@dataclass(frozen=True, slots=True)
class Fork:
    """The newest block that both have: what we hold above it is no longer on the chain."""

    at: BlockId


@dataclass(frozen=True, slots=True)
class TooDeep:
    """At the height of the oldest block we could give up, their chain has another, and holds it final."""

    oldest: BlockId


@dataclass(frozen=True, slots=True)
class Left:
    """They have another block where ours is final, and do not hold it final: they stand on a branch that was left."""

    oldest: BlockId


@dataclass(frozen=True, slots=True)
class Unknown:
    """They have nothing at a height where we would have to part, so they cannot say whether we do."""

    number: int


@dataclass(frozen=True, slots=True)
class Disputed:
    """Two endpoints see the fork in different places: one of them is behind the times."""

    first: "Verdict"
    second: "Verdict"


Verdict = Fork | TooDeep | Left | Unknown


@dataclass(frozen=True, slots=True)
class Theirs:
    """What one node has at some heights, by number, and how far it holds its chain final."""

    hashes: Mapping[int, bytes]
    final_through: int


def reconcile(ours: Sequence[BlockId], theirs: Theirs) -> Verdict:
    """
    Return the fork between our blocks and theirs.

    `ours` are the blocks we hold from the last final one to the cursor, oldest first, at least one.
    """
    hashes, oldest = theirs.hashes, ours[0]
    above = None
    for block in reversed(ours):
        if hashes.get(block.number) == block.hash:
            # Where they end, or leave out a block, nobody has parted from anybody.
            return Fork(block) if above is None or above.number in hashes else Unknown(above.number)
        above = block
    if oldest.number not in hashes:
        return Unknown(oldest.number)
    return TooDeep(oldest) if theirs.final_through >= oldest.number else Left(oldest)


def needs_second_word(verdict: Verdict, *, cursor: int) -> bool:
    """Say whether a verdict takes back so much that a second endpoint should confirm it."""
    match verdict:
        case Fork(at):
            return cursor - at.number > FEW_BLOCKS
        case TooDeep():
            return True
        case Left() | Unknown():
            return False


def describe_too_deep(verdict: TooDeep, fork: BlockId | None) -> str:
    """Say for a person what happened, and what they can do; `fork` is the newest block that both still have."""
    happened = (
        f"the chain was reorganised below block {verdict.oldest.number}, which was final: "
        f"its hash was {show_bytes(verdict.oldest.hash)}"
    )
    if fork is None:
        return (
            f"{happened}. It parted from ours below all headers we hold: only `lamda reindex` from the start block on "
            "mends it"
        )
    return (
        f"{happened}. Block {fork.number} is the newest that both have: `lamda resume` takes back what is above it, "
        "`lamda reindex` from there on reads that again, too"
    )


def describe(verdict: Verdict) -> str:
    """Say what an endpoint has in the place of our last blocks."""
    match verdict:
        case Fork(at):
            return f"our blocks through {at.number}"
        case TooDeep(oldest):
            return f"another block {oldest.number}, and holds it final"
        case Left(oldest):
            return f"another block {oldest.number}, which it does not hold final"
        case Unknown(number):
            return f"no block {number} yet"


def weigh(first: Verdict, second: Verdict) -> Verdict | Disputed:
    """Return what both endpoints say; who does not know yet, or says otherwise, leaves it open."""
    if isinstance(second, Unknown | Left):
        return second
    return first if first == second else Disputed(first, second)
