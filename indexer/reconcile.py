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

from models.values import BlockId


@dataclass(frozen=True, slots=True)
class Fork:
    """The newest block that both have: what we hold above it is no longer on the chain."""

    at: BlockId


@dataclass(frozen=True, slots=True)
class TooDeep:
    """At the height of the oldest block we could give up, their chain has another."""

    oldest: BlockId


@dataclass(frozen=True, slots=True)
class Unknown:
    """They have nothing at the height of our oldest block, so they cannot say where we part."""

    oldest: BlockId


Verdict = Fork | TooDeep | Unknown


def reconcile(ours: Sequence[BlockId], theirs: Mapping[int, bytes]) -> Verdict:
    """
    Return the fork between our blocks and theirs.

    `ours` are the blocks we hold from the last final one to the cursor, oldest first, at least one; `theirs` are
    their hashes by number.
    """
    for block in reversed(ours):
        if theirs.get(block.number) == block.hash:
            return Fork(block)
    return TooDeep(ours[0]) if ours[0].number in theirs else Unknown(ours[0])
