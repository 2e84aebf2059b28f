"""
Decide where our chain and the endpoint's chain part.

Works on block ids alone and does no I/O: the follower fetches, this module judges. A fork below finality is never
repaired here; it comes back as `TooDeep` and a person must look.

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
    """Not even the oldest block we could give up is on their chain."""

    oldest: BlockId


def reconcile(ours: Sequence[BlockId], theirs: Mapping[int, bytes]) -> Fork | TooDeep:
    """
    Return the fork between our blocks and theirs.

    `ours` are the blocks we hold from the last final one to the cursor, oldest first, at least one; `theirs` are
    their hashes by number.
    """
    for block in reversed(ours):
        if theirs.get(block.number) == block.hash:
            return Fork(block)
    return TooDeep(ours[0])
