"""
Decide whether what was read again for an operator may be applied.

`models.scope_values` has decided which blocks those are. Meanwhile the chain may have moved, been paused or resumed;
and what is surplus in our tables is deleted on the word of what was read only where that is proven.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from indexer.rereading_values import Counts
from models.scope_values import Refusal, Scope, Standing
from models.values import ProofLevel, show_bytes


@dataclass(frozen=True, slots=True)
class Apply:
    """Our blocks are those of the chain: make their facts equal."""


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Our blocks are of another branch: make their facts equal, and drop everything above them."""


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
