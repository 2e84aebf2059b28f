"""
Rows as queries return them: state tables' columns, and nothing computed.

Kept apart from the schema's types so that queries know nothing of GraphQL.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class JobRow:
    """A row of `jobs`, but for what only some may read."""

    job_id: bytes
    renter: str
    provider: str | None
    payment: Decimal
    status: str
    escrow: str
    has_spec: bool
    error: str | None
    created_at: datetime
    assigned_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    failed_at: datetime | None
    confirmed_at: datetime | None
    claimed_at: datetime | None
    updated_at: datetime
    source_block: int
    source_hash: bytes
    source_transaction: bytes
    source_log_index: int


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """A row of `providers`."""

    id: int
    wallet_address: str
    gpu_model: str
    vram: int
    last_seen: datetime | None
    is_online: bool
    total_jobs_completed: int
    reputation_score: int
    created_at: datetime
    updated_at: datetime
    registered_at: datetime | None
    source_block: int | None
    source_hash: bytes | None
    source_time: datetime | None
    source_transaction: bytes | None
    source_log_index: int | None


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A row of `checkpoints`, and the database's own time to compare it with."""

    chain: str
    number: int
    hash: bytes
    block_time: datetime
    state_through: int
    finalized: int
    final_through: int
    head: int
    paused_reason: str | None
    updated_at: datetime
    chain_id: int
    contract_address: bytes
    start_block: int
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditPauseRow:
    """Why credits are paused, null while they are not."""

    reason: str | None


@dataclass(frozen=True, slots=True)
class ReindexRow:
    """A request to read blocks again; `is_led` where somebody indexes its chain now."""

    id: int
    chain: str
    first_block: int
    last_block: int
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    read_through: int | None
    missing: int | None
    surplus: int | None
    changed: int | None
    trouble: str | None
    error: str | None
    is_led: bool


@dataclass(frozen=True, slots=True)
class GroundRow:
    """
    The known blocks nearest to a block of opBNB, before and after it or it itself, and how far heartbeats are cut.

    `cut_day` is the last day that a heartbeat dropped since may be of; null where none was.
    """

    before_number: int | None
    before_time: datetime | None
    after_number: int
    after_time: datetime
    cut_day: date | None


@dataclass(frozen=True, slots=True)
class ConcernedRow:
    """What one event is about: a job or a provider."""

    job_id: bytes | None
    provider: bytes | None


@dataclass(frozen=True, slots=True)
class CountRow:
    """How many rows there are, for one owner or for everybody."""

    owner: str | None
    count: int


@dataclass(frozen=True, slots=True)
class EarningRow:
    """What one provider took."""

    provider: bytes
    amount: Decimal


@dataclass(frozen=True, slots=True)
class RecordRow:
    """What became of one provider's newest jobs."""

    provider: str
    done: int
    ended: int
    waiting: int


@dataclass(frozen=True, slots=True)
class OnlineRow:
    """How long one provider was online in the last folded days, the newest of which is `through`."""

    provider: bytes
    online_seconds: int
    through: date


@dataclass(frozen=True, slots=True)
class DaysRow:
    """One provider's folded days of a stretch that ends `through`; `first_beat` is its first in any folded day."""

    provider: bytes
    through: date
    first_beat: datetime
    days: list[date]
    online_seconds: list[int]


@dataclass(frozen=True, slots=True)
class ProviderTotalsRow:
    """All providers in numbers."""

    total: int
    online: int
    vram: int
    vram_online: int
    reputation: float
    jobs_completed: int


@dataclass(frozen=True, slots=True)
class GpuModelRow:
    """The providers of one GPU model in numbers."""

    gpu_model: str
    total: int
    online: int
    vram: int


@dataclass(frozen=True, slots=True)
class JobTotalsRow:
    """The jobs of one status and one state of payment in numbers."""

    status: str
    escrow: str
    count: int
    payment: Decimal


@dataclass(frozen=True, slots=True)
class JobMoveRow:
    """How many jobs came to one status and escrow, less those that left. All null: more moved than the feed tells."""

    status: str | None
    escrow: str | None
    count: int
    payment: Decimal


@dataclass(frozen=True, slots=True)
class PaidRow:
    """What providers took in blocks up to `through`."""

    through: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """What happened in one interval."""

    start: datetime
    jobs_created: int
    jobs_confirmed: int
    volume: Decimal
    providers_seen: int


@dataclass(frozen=True, slots=True)
class AmountRow:
    """One sum."""

    amount: Decimal


@dataclass(frozen=True, slots=True)
class FeedRow:
    """How far the feed goes: its lineage, its newest position, and the oldest one it still holds."""

    epoch: UUID
    position: int
    oldest: int | None


@dataclass(frozen=True, slots=True)
class SinceRow:
    """All changes of one key in a stretch of the feed, folded into one; the key of RESYNC is null."""

    key: str | None
    first: int
    by_reorg: bool
    before: dict[str, Any] | None
    after: dict[str, Any] | None
