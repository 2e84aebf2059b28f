"""Facts from off chain: what renters, agents and our own reactor said, append-only like the chain's."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Boolean, Identity, Index
from sqlmodel import SQLModel

from models.columns import UINT256, BigInteger, Field, Integer, LargeBinary, Text, Timestamp


class JobSpec(SQLModel, table=True):
    """
    What to run for a job; it counts only if `renter` created that job.

    Kept by (job, renter) so that nobody can hand in a spec for somebody else's job by being first.
    """

    __tablename__ = "job_specs"

    job_id: bytes = Field(sa_type=LargeBinary, primary_key=True)
    renter: bytes = Field(sa_type=LargeBinary, primary_key=True)
    docker_image: str = Field(sa_type=Text)
    input_url: str | None = Field(default=None, sa_type=Text)
    output_bucket: str | None = Field(default=None, sa_type=Text)
    output_name: str | None = Field(default=None, sa_type=Text)
    min_vram_mib: int | None = Field(default=None, sa_type=Integer)
    gpu_model: str | None = Field(default=None, sa_type=Text)
    submitted_at: datetime = Field(sa_type=Timestamp)


class Dispatch(SQLModel, table=True):
    """One publication of a job to its provider; `published_at` is the moment JetStream acknowledged it."""

    __tablename__ = "dispatches"

    job_id: bytes = Field(sa_type=LargeBinary, primary_key=True)
    attempt: int = Field(sa_type=Integer, primary_key=True)
    provider: bytes = Field(sa_type=LargeBinary)
    published_at: datetime = Field(sa_type=Timestamp)


class AgentReport(SQLModel, table=True):
    """What an agent said of a job: `processing`, `completed` or `failed`, accepted from that job's provider only."""

    __tablename__ = "agent_reports"
    __table_args__ = (Index("agent_reports_by_job", "job_id", "id"),)

    id: int | None = Field(
        default=None, sa_type=BigInteger, primary_key=True, sa_column_kwargs={"server_default": Identity()}
    )
    job_id: bytes = Field(sa_type=LargeBinary)
    provider: bytes = Field(sa_type=LargeBinary)
    status: str = Field(sa_type=Text)
    message: str | None = Field(default=None, sa_type=Text)
    output_url: str | None = Field(default=None, sa_type=Text)
    received_at: datetime = Field(sa_type=Timestamp)


class Credit(SQLModel, table=True):
    """One intent to credit one confirmed job to its provider; `adopted` when it had been credited before us."""

    __tablename__ = "credits"

    job_id: bytes = Field(sa_type=LargeBinary, primary_key=True)
    provider: bytes = Field(sa_type=LargeBinary)
    decided_at: datetime = Field(sa_type=Timestamp)
    adopted: bool = Field(sa_type=Boolean)


class CreditAttempt(SQLModel, table=True):
    """A signed transaction of an intent, stored before it is sent; fees in wei per gas."""

    __tablename__ = "credit_attempts"
    __table_args__ = (Index("credit_attempts_by_job", "job_id", "id"),)

    id: int | None = Field(
        default=None, sa_type=BigInteger, primary_key=True, sa_column_kwargs={"server_default": Identity()}
    )
    job_id: bytes = Field(sa_type=LargeBinary, foreign_key="credits.job_id")
    nonce: int = Field(sa_type=BigInteger)
    transaction_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    signed: bytes = Field(sa_type=LargeBinary)
    max_fee_per_gas: Decimal = Field(sa_type=UINT256)
    max_priority_fee_per_gas: Decimal = Field(sa_type=UINT256)
    signed_at: datetime = Field(sa_type=Timestamp)
