"""Facts from off chain: what renters, agents, operators and our own reactor said, append-only like the chain's."""

from datetime import datetime

from sqlalchemy import Boolean, Identity, Index, text
from sqlmodel import SQLModel

from models.columns import BigInteger, Field, Integer, LargeBinary, Text, Timestamp


class JobSpec(SQLModel, table=True):
    """
    What to run for a job; it counts only if `renter` created that job.

    Kept by (job, renter) so that nobody can hand in a spec for somebody else's job by being first. `has_job` once that
    job is there and final: until then a spec counts against its renter's quota, and expires.
    """

    __tablename__ = "job_specs"
    __table_args__ = (
        # How many specs of a renter wait, and which of all have waited too long.
        Index("job_specs_waiting", "renter", "submitted_at", postgresql_where=text("not has_job")),
    )

    job_id: bytes = Field(sa_type=LargeBinary, primary_key=True)
    renter: bytes = Field(sa_type=LargeBinary, primary_key=True)
    docker_image: str = Field(sa_type=Text)
    input_url: str | None = Field(default=None, sa_type=Text)
    output_bucket: str | None = Field(default=None, sa_type=Text)
    output_name: str | None = Field(default=None, sa_type=Text)
    min_vram_mib: int | None = Field(default=None, sa_type=Integer)
    gpu_model: str | None = Field(default=None, sa_type=Text)
    submitted_at: datetime = Field(sa_type=Timestamp)
    has_job: bool = Field(default=False, sa_type=Boolean, sa_column_kwargs={"server_default": text("false")})


class Dispatch(SQLModel, table=True):
    """
    One attempt to hand a job to its provider's agent, decided before it is published.

    `token` goes out in the message and comes back in reports, so a stale attempt can be told. `published_at` is when
    JetStream acknowledged the message; null means that nobody knows yet, and the same message goes out again. `retry`
    is the number of the job's newest retry when the attempt was decided.
    """

    __tablename__ = "dispatches"
    __table_args__ = (
        # What was decided and may not have gone out is looked for at every step.
        Index("dispatches_unpublished", "decided_at", postgresql_where=text("published_at is null")),
    )

    job_id: bytes = Field(sa_type=LargeBinary, primary_key=True)
    attempt: int = Field(sa_type=Integer, primary_key=True)
    provider: bytes = Field(sa_type=LargeBinary)
    token: str = Field(sa_type=Text)
    decided_at: datetime = Field(sa_type=Timestamp)
    published_at: datetime | None = Field(default=None, sa_type=Timestamp)
    retry: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})


class AgentReport(SQLModel, table=True):
    """
    What an agent said of a job: `processing`, `completed` or `failed`.

    Only reports from that job's provider get here. `attempt` is the dispatch that the report answers, `retry` the retry
    that it was made for.
    """

    __tablename__ = "agent_reports"
    __table_args__ = (Index("agent_reports_by_job", "job_id", "id"),)

    id: int | None = Field(
        default=None, sa_type=BigInteger, primary_key=True, sa_column_kwargs={"server_default": Identity()}
    )
    job_id: bytes = Field(sa_type=LargeBinary)
    provider: bytes = Field(sa_type=LargeBinary)
    attempt: int = Field(sa_type=Integer)
    status: str = Field(sa_type=Text)
    message: str | None = Field(default=None, sa_type=Text)
    output_url: str | None = Field(default=None, sa_type=Text)
    received_at: datetime = Field(sa_type=Timestamp)
    retry: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})


class Retry(SQLModel, table=True):
    """
    A person's wish that a job be handed out again: at once while it is open, to be run once more when it had failed.

    One that has a failed job run once more has a `number`, greater than any before; the job then begins anew, and what
    was sent and said for an earlier number counts no more. One of an open job has the number 0.
    """

    __tablename__ = "retries"
    __table_args__ = (Index("retries_by_job", "job_id", "number"),)

    id: int | None = Field(
        default=None, sa_type=BigInteger, primary_key=True, sa_column_kwargs={"server_default": Identity()}
    )
    job_id: bytes = Field(sa_type=LargeBinary)
    number: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    asked_at: datetime = Field(sa_type=Timestamp)
