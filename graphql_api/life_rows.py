"""Rows about the life of a job beyond its own: spec, attempts, credit, and what happened when."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SpecRow:
    """A row of `job_specs`."""

    job_id: bytes
    renter: bytes
    docker_image: str
    input_url: str | None
    output_bucket: str | None
    output_name: str | None
    min_vram_mib: int | None
    gpu_model: str | None
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class OutputRow:
    """Where an agent put a job's result."""

    job_id: bytes
    output_url: str | None


@dataclass(frozen=True, slots=True)
class DispatchRow:
    """All attempts to hand a job to its provider's agent, and that agent; `now` is the database's time."""

    job_id: bytes
    provider: bytes
    attempts: int
    first_sent_at: datetime | None
    last_sent_at: datetime | None
    acknowledged_at: datetime | None
    signed_in_at: datetime | None
    is_barred: bool
    barred_until: datetime | None
    barred_reason: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class CreditRow:
    """A credit with its transactions: the one that was mined, else the newest, those that still may be first."""

    job_id: bytes
    adopted: bool
    blocked_reason: str | None
    attempts: int
    live: int
    sent: bool
    transaction_hash: bytes | None
    nonce: int | None
    mined_block: int | None
    mined_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """One thing that happened to a job; what comes from a chain says from which log of it."""

    job_id: bytes
    kind: str
    at: datetime
    detail: str | None
    chain: str | None
    block_number: int | None
    block_hash: bytes | None
    transaction_hash: bytes | None
    log_index: int | None
