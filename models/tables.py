"""
State: what a reader wants of a provider or a job in one row.

Nothing here is written by hand. Each row is what the SQL of `models.state` computes from the facts of its key.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Boolean, Identity, Index, text
from sqlmodel import SQLModel

from models.columns import UINT256, BigInteger, Field, Integer, LargeBinary, Text, Timestamp


class Provider(SQLModel, table=True):
    """
    A GPU provider as opBNB's events show it.

    `vram` is in MiB; `last_seen` is the block time of the newest heartbeat; `source_*` name the newest
    registration and are null for a provider that beats or is credited without one.
    """

    __tablename__ = "providers"
    __table_args__ = (
        # providers(orderBy: REPUTATION), the REST default, and keyset pages of both; the same for a model of GPU.
        Index("providers_by_reputation", "reputation_score", "wallet_address"),
        Index("providers_by_gpu_model", "gpu_model", "reputation_score", "wallet_address"),
        # The commit that moves block time looks for those that expire; also orderBy: LAST_SEEN. Who is online was seen
        # later than who is not, so this is one order of all.
        Index(
            "providers_by_last_seen",
            "is_online",
            text("coalesce(last_seen, '-infinity'::timestamptz)"),
            "wallet_address",
        ),
        # The other orders; minVramMib, too.
        Index("providers_by_vram", "vram", "wallet_address"),
        Index("providers_by_registered", text("coalesce(registered_at, '-infinity'::timestamptz)"), "wallet_address"),
    )

    id: int | None = Field(
        default=None, sa_type=BigInteger, primary_key=True, sa_column_kwargs={"server_default": Identity()}
    )
    wallet_address: str = Field(sa_type=Text, unique=True)
    gpu_model: str = Field(sa_type=Text)
    vram: int = Field(sa_type=Integer)
    last_seen: datetime | None = Field(default=None, sa_type=Timestamp)
    is_online: bool = Field(sa_type=Boolean)
    total_jobs_completed: int = Field(sa_type=Integer)
    reputation_score: int = Field(sa_type=Integer)
    created_at: datetime = Field(sa_type=Timestamp)
    updated_at: datetime = Field(sa_type=Timestamp)
    registered_at: datetime | None = Field(default=None, sa_type=Timestamp)
    source_block: int | None = Field(default=None, sa_type=BigInteger)
    source_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    source_time: datetime | None = Field(default=None, sa_type=Timestamp)
    source_transaction: bytes | None = Field(default=None, sa_type=LargeBinary)
    source_log_index: int | None = Field(default=None, sa_type=Integer)


class Job(SQLModel, table=True):
    """
    A job as BSC's events, its spec, its dispatch and its agent's reports show it.

    `payment` is in wei. `renter` and `provider` are EIP-55 text; `provider` is null where the job names nobody.
    `source_*` name its `JobCreated`, and their order is the order of creation.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        # jobs(orderBy: CREATED), alone and under each filter that people use most.
        Index("jobs_by_created", "source_block", "source_log_index"),
        Index("jobs_by_status", "status", "source_block", "source_log_index"),
        Index("jobs_by_renter", "renter", "source_block", "source_log_index"),
        Index("jobs_by_provider", "provider", "source_block", "source_log_index"),
        Index("jobs_by_escrow", "escrow", "source_block", "source_log_index"),
        # jobs(orderBy: PAYMENT) and jobs(orderBy: UPDATED).
        Index("jobs_by_payment", "payment", "job_id"),
        Index("jobs_by_updated", "updated_at", "job_id"),
    )

    job_id: bytes = Field(sa_type=LargeBinary, primary_key=True)
    renter: str = Field(sa_type=Text)
    provider: str | None = Field(default=None, sa_type=Text)
    payment: Decimal = Field(sa_type=UINT256)
    status: str = Field(sa_type=Text)
    escrow: str = Field(sa_type=Text)
    has_spec: bool = Field(sa_type=Boolean)
    output_url: str | None = Field(default=None, sa_type=Text)
    error: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=Timestamp)
    assigned_at: datetime | None = Field(default=None, sa_type=Timestamp)
    started_at: datetime | None = Field(default=None, sa_type=Timestamp)
    completed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    failed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    confirmed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    claimed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    updated_at: datetime = Field(sa_type=Timestamp)
    source_block: int = Field(sa_type=BigInteger)
    source_hash: bytes = Field(sa_type=LargeBinary)
    source_transaction: bytes = Field(sa_type=LargeBinary)
    source_log_index: int = Field(sa_type=Integer)
