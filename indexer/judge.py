"""
Decide which blocks an operator's request reads again, and whether what was read may be applied.

    start block ───────────── final through ─────── checkpoint
         └──── may be read again ────┘                            as a rule

    start block ────── fork ─ ─ ─ finalized ─ ─ ─ ─ checkpoint
                        └ theirs differ from here                 paused by a reorg deeper than finality

A reorg that deep is repaired on a person's word only, and this is it: read again from the fork or below it, and
everything above what the chain holds final now is taken back.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from indexer.rereading_values import Counts
from models.requests import RequestKind
from models.values import BlockRange, Chain, ProofLevel, show_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where our copy of a chain stands: its checkpoint, or as much of it as matters here."""

    chain: Chain
    number: int
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


@dataclass(frozen=True, slots=True)
class Apply:
    """Our blocks are those of the chain: make their facts equal."""


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Our blocks are of another branch: make their facts equal, and drop everything above them."""


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


def verdict(
    read: Scope, *, before: Standing, now: Standing, ours: bytes | None, theirs: bytes
) -> Apply | TakeBack | Refusal:
    """
    Return what to do with blocks that were read, now that nobody else can write.

    `before` is how we stood when reading began; `ours` and `theirs` are the hashes of the last block, ours None where
    we do not hold its header.
    """
    last = read.blocks.last
    was_resumed = now.final_through < before.final_through or (read.mends_fork and now.paused_reason is None)
    if was_resumed or now.paused_fork != before.paused_fork:
        return Refusal(f"{now.chain} was paused or resumed meanwhile: look at `lamda status` and ask again")
    if read.mends_fork:
        return Apply() if ours == theirs else TakeBack()
    if ours is not None and ours != theirs:
        return Refusal(
            f"block {last} of {now.chain} is {show_bytes(theirs)} by now and was final to us as {show_bytes(ours)}: "
            "a reorg deeper than finality. Once the chain is paused for it, reindex from the fork that "
            "`lamda status` names"
            + ("" if now.paused_reason is None else f"; or from the start, block {now.start_block}")
        )
    return Apply()


def doubt(read: Scope, tables: Mapping[str, Counts], *, asked: ProofLevel, proven: ProofLevel) -> Refusal | None:
    """
    Return why facts of ours may not be deleted, or None when they may.

    An endpoint that leaves out logs looks the same as tables that have too many. Where the blocks' blooms speak for
    the logs and nobody could be found to settle it, the range is proven less than was asked for.
    """
    levels, surplus = list(ProofLevel), sum(counts.surplus for counts in tables.values())
    if read.mends_fork or not surplus or levels.index(proven) >= levels.index(asked):
        return None
    return Refusal(
        f"{surplus} facts of ours are not in what was read, but no endpoint could prove by more than {proven} that "
        "they are not on the chain: set an endpoint that answers eth_getBlockReceipts, or a second one, and ask "
        f"again; `--level {proven.lower()}` takes this one's word"
    )


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
