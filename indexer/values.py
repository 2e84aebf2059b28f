"""The values that pass between the indexer's beats."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chain.abi import EVENTS
from chain.calls import LogFilter
from chain.wire import Header, RawLog
from models.state import JOBS, PROVIDERS, Derivation
from models.values import BlockId, BlockRange, Chain, ProofLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A chain as the operator set it: which contract we follow on it, and from which block."""

    chain: Chain
    chain_id: int
    contract: bytes
    start_block: int

    @property
    def contract_name(self) -> str:
        """Return the name of the contract that lives on this chain."""
        return "JobManager" if self.chain is Chain.BSC else "NodeReputation"

    @property
    def derivation(self) -> Derivation:
        """Return the state that this chain's facts feed."""
        return JOBS if self.chain is Chain.BSC else PROVIDERS

    @property
    def log_filter(self) -> LogFilter:
        """Return which logs of the chain are ours."""
        topics = tuple(shape.topic0 for shape in EVENTS if shape.contract == self.contract_name)
        return LogFilter(address=self.contract, topics=topics)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where our copy of a chain stands: the last block committed, and how far state and finality of it are."""

    block: BlockId
    state_through: int
    final_through: int
    paused_reason: str | None = None

    @property
    def number(self) -> int:
        """Return the number of the last block committed."""
        return self.block.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """
    The newest block of the endpoint we follow, and the newest that every endpoint in use calls final.

    `head_finalized` is what the node that told of the head holds final, by the same answer.
    """

    head: Header
    finalized: int
    head_finalized: int

    @property
    def number(self) -> int:
        """Return the number of the newest block."""
        return self.head.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    Rows for the fact tables, and what they touch.

    `rows` are by table, in the order of `bulk_store.COLUMNS`; `keys` are the job ids or providers whose state they
    change; `addresses` are all they name.
    """

    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    keys: frozenset[bytes] = frozenset()
    addresses: frozenset[bytes] = frozenset()

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.rows.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """
    A verified stretch of a chain, as one endpoint told it, in order.

    `parent` is the hash of the block before the first. Near the head `headers` are those of all blocks; of history,
    those of the blocks with logs and of the last. `final_through` is what `source`, the endpoint, holds final.
    """

    blocks: BlockRange
    parent: bytes
    headers: tuple[Header, ...]
    logs: tuple[RawLog, ...]
    level: ProofLevel
    final_through: int
    source: str

    @property
    def last(self) -> BlockId:
        """Return the last block."""
        return BlockId(number=self.headers[-1].height, hash=self.headers[-1].hash_bytes)

    @property
    def size(self) -> int:
        """Return about how many bytes of memory it takes."""
        return 2_000 * len(self.logs) + 1_500 * len(self.headers)


def join(pieces: Sequence[Piece]) -> Piece:
    """Return pieces that follow each other as one, proven and final as far as the least of them."""
    if len(pieces) == 1:
        return pieces[0]
    levels = list(ProofLevel)
    return Piece(
        blocks=BlockRange(first=pieces[0].blocks.first, last=pieces[-1].blocks.last),
        parent=pieces[0].parent,
        headers=tuple(header for piece in pieces for header in piece.headers),
        logs=tuple(log for piece in pieces for log in piece.logs),
        level=min((piece.level for piece in pieces), key=levels.index),
        final_through=min(piece.final_through for piece in pieces),
        source=pieces[-1].source,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """
    Blocks to commit in one go: those after `fork`, up to `last`.

    `fork` is the block they build on. It is our cursor, or an earlier block of ours where the chain was
    reorganised: what we hold above it goes in the same commit that brings the new blocks. Those up to `final_through`
    can no longer be undone; `level` says how it was proven that none of their logs is missing.
    """

    fork: BlockId
    last: BlockId
    last_time: datetime
    headers: tuple[Header, ...]
    facts: Facts
    tip: Tip
    refresh: bool
    level: ProofLevel
    final_through: int

    @property
    def blocks(self) -> BlockRange:
        """Return the blocks that it commits."""
        return BlockRange(first=self.fork.number + 1, last=self.last.number)
