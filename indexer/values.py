"""The values that pass between the indexer's beats."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chain.abi import EVENTS
from chain.calls import LogFilter
from chain.wire import Header
from models.state import JOBS, PROVIDERS, Derivation
from models.values import BlockId, Chain


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
    """What an endpoint says of its chain's end: the newest block and the newest that is final."""

    head: Header
    finalized: int

    @property
    def number(self) -> int:
        """Return the number of the newest block."""
        return self.head.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    Rows for the fact tables, and what they touch.

    `rows` are by table, in the order of `store.COLUMNS`; `keys` are the job ids or providers whose state they
    change; `addresses` are all they name.
    """

    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    keys: frozenset[bytes] = frozenset()
    addresses: frozenset[bytes] = frozenset()

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.rows.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """
    Blocks to commit in one go: those after `fork`, up to `last`.

    `fork` is the block they build on. It is our cursor, or an earlier block of ours where the chain was
    reorganised: what we hold above it goes in the same commit that brings the new blocks.
    """

    fork: BlockId
    last: BlockId
    last_time: datetime
    headers: tuple[Header, ...]
    facts: Facts
    tip: Tip
    refresh: bool
