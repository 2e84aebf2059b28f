"""
As of which blocks something is asked, and whether that can be answered.

An answer as of a block is what an index that stopped there would show: of that chain only facts up to the block count.
A chain that is not named, and what happened off chain, count as they are now.

                 start                                    block                indexed
    ─────────────┼──────────────── facts that count ────────┤                     ├──────── ▶
      NotKept                                                                         NotIndexed
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from graphql_api.errors import BadInput, NotIndexed, NotKept
from graphql_api.rows import CheckpointRow, GroundRow
from models.values import Chain

At = tuple[Chain, int]
"""A block of a chain, by its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """Up to which block of each chain facts count; None where all of them do."""

    bsc: int | None = None
    opbnb: int | None = None


NOW = AsOf()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the state of providers as of a block follows from, beside facts: its time, and the days that count."""

    at: datetime
    folded_through: date


def read_as_of(blocks: Iterable[At]) -> AsOf:
    """Return as of which blocks somebody asks. Raises `BadInput`."""
    asked: dict[Chain, int] = {}
    for chain, block in blocks:
        if chain in asked:
            raise BadInput(f"asOf: {chain.name} is named twice, at {asked[chain]} and {block}: name each chain once")
        asked[chain] = block
    return AsOf(bsc=asked.get(Chain.BSC), opbnb=asked.get(Chain.OPBNB))


def check_as_of(as_of: AsOf, checkpoints: Iterable[CheckpointRow]) -> None:
    """Raise `NotIndexed` or `NotKept` unless the facts up to those blocks are all there."""
    standing = by_chain(checkpoints)
    for chain, block in ((Chain.BSC, as_of.bsc), (Chain.OPBNB, as_of.opbnb)):
        if block is not None:
            check_indexed((chain, block), standing)
            start = standing[chain].start_block
            if block < start:
                raise NotKept(
                    f"asOf: {chain.name} is indexed from block {start} on, not from {block}",
                    chain=chain.name,
                    asked=block,
                    start=start,
                )


def check_indexed(at: At, standing: Mapping[Chain, CheckpointRow]) -> None:
    """Raise `NotIndexed` unless a block is indexed and state follows from it."""
    chain, asked = at
    checkpoint = standing.get(chain)
    if checkpoint is not None and is_indexed(at, standing):
        return
    details: dict[str, object] = {"chain": chain.name, "asked": asked, "indexed": None, "head": None, "lagBlocks": None}
    where, remedy = "nothing of it is indexed yet", "has the indexer been started for this chain?"
    if checkpoint is not None:
        indexed, head = checkpoint.state_through, checkpoint.head
        details |= {"indexed": indexed, "head": head, "lagBlocks": max(0, head - indexed)}
        where, remedy = f"we are at {indexed} and its head is at {head}", "ask again in a moment"
        if checkpoint.paused_reason is not None:
            remedy = f"it is paused: {checkpoint.paused_reason}"
    raise NotIndexed(f"block {asked} of {chain.name} is not indexed: {where}; {remedy}", **details)


def is_indexed(at: At, standing: Mapping[Chain, CheckpointRow]) -> bool:
    """Say whether a block is indexed and state follows from it."""
    chain, block = at
    return chain in standing and block <= standing[chain].state_through


def by_chain(checkpoints: Iterable[CheckpointRow]) -> Mapping[Chain, CheckpointRow]:
    """Return checkpoints by their chain."""
    return {Chain(checkpoint.chain): checkpoint for checkpoint in checkpoints}


def ground(block: int, row: GroundRow) -> Ground:
    """
    Return what the state of providers as of a block follows from.

    Of heartbeats that were dropped only their days are left, and a day counts as a whole: so from the end of the last
    of them on there is no doubt, and before it there is. Raises `NotKept`.
    """
    if row.cut_day is None:
        return Ground(at=_time_of(block, row), folded_through=date.min)
    since = datetime.combine(row.cut_day + timedelta(days=1), time(), UTC)
    if row.before_time is None or row.before_time < since:
        raise NotKept(
            f"asOf: the heartbeats around block {block} of {Chain.OPBNB.name} are no longer kept one by one: "
            f"ask for a block from {since:%Y-%m-%d %H:%M} UTC on",
            chain=Chain.OPBNB.name,
            asked=block,
            since=since.isoformat().replace("+00:00", "Z"),
        )
    return Ground(at=_time_of(block, row), folded_through=row.cut_day)


def _time_of(block: int, row: GroundRow) -> datetime:
    """Return the time of a block: its own where we know it, else in proportion between the nearest that we know."""
    if row.before_number is None or row.before_time is None or row.after_number == row.before_number:
        return row.after_time
    part = (block - row.before_number) / (row.after_number - row.before_number)
    return row.before_time + (row.after_time - row.before_time) * part
