"""
Decide which blocks an operator's request reads again.

    start block ───────────── final through ─────── checkpoint
         └──── may be read again ────┘                            as a rule

    start block ────── fork ─ ─ ─ finalized ─ ─ ─ ─ checkpoint
                        └ theirs differ from here                 paused by a reorg deeper than finality

A reorg that deep is repaired on a person's word only, and this is it: read again from the fork or below it, and
everything above what the chain holds final now is taken back. The API asks before it takes a request, the indexer
before it begins to work on one.
"""

from dataclasses import dataclass

from models.requests import RequestKind
from models.values import BlockRange, Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    Where our copy of a chain stands: its checkpoint, or as much of it as matters here.

    `finalized` is what the chain itself held final when we last looked.
    """

    chain: Chain
    number: int
    finalized: int
    final_through: int
    start_block: int
    heartbeats_from: int
    paused_reason: str | None
    paused_fork: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for; an end that was not named is None."""

    kind: RequestKind
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """
    Read these blocks again.

    `mends_fork`: the chain left our branch, and this is the word to follow it. `fork` is then the newest block below
    which our headers are the chain's; unknown, it lies before the first block.
    """

    blocks: BlockRange
    mends_fork: bool
    fork: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """It cannot be done; the reason says what can."""

    reason: str


def scope(asked: Asked, standing: Standing, *, finalized: int) -> Scope | Refusal:
    """Return the blocks to read again; `finalized` is what the chain itself holds final now."""
    chain, start = standing.chain, standing.start_block
    mends_fork = _mends_fork(asked, standing)
    first = start if asked.first is None else asked.first
    top = _top(standing, mends_fork=mends_fork, finalized=finalized)
    last = top if asked.last is None else asked.last
    if first < start:
        return Refusal(
            f"block {first} lies before block {start}, where {chain} starts for us ({chain.upper()}_START_BLOCK): "
            f"name {start} or a later one"
        )
    if mends_fork and standing.paused_fork is not None and first > standing.paused_fork:
        return Refusal(
            f"the chain parted from ours at block {standing.paused_fork}: reindex from block {standing.paused_fork} "
            "or below"
        )
    if top < start:
        return Refusal(f"nothing of {chain} is final in our tables yet: try again later")
    if max(first, last) > top:
        return Refusal(f"block {max(first, last)} is not final in our tables: block {top} is the last that is")
    if last < first:
        return Refusal(f"blocks run from the first to the last, not from {first} to {last}")
    fork = first - 1 if standing.paused_fork is None else standing.paused_fork
    return Scope(blocks=BlockRange(first=first, last=last), mends_fork=mends_fork, fork=fork)


def _mends_fork(asked: Asked, standing: Standing) -> bool:
    """Say whether this is a reindex of a chain that left our branch; from the start it mends whatever it is."""
    if asked.kind is not RequestKind.REINDEX or standing.paused_reason is None or asked.last is not None:
        return False
    return standing.paused_fork is not None or asked.first in (None, standing.start_block)


def _top(standing: Standing, *, mends_fork: bool, finalized: int) -> int:
    if mends_fork:
        return min(finalized, standing.number)
    final = min(standing.final_through, standing.number)
    return final if standing.paused_fork is None else min(final, standing.paused_fork)
