"""The life of a job: what to run, its attempts, its provider's credit, and each step."""

from datetime import datetime

import strawberry

from graphql_api.explaining import dispatch_facts, status_of
from graphql_api.life_rows import CreditRow, DispatchRow, EventRow, SpecRow
from graphql_api.scalars import Bytes32
from graphql_api.schema.chain import Source
from graphql_api.specs import Spec
from models.credit_values import CreditStatus
from models.reason import is_stalled

strawberry.enum(CreditStatus)


@strawberry.type
class JobSpec:
    """What a renter wants to have run."""

    docker_image: str
    input_url: str | None
    output_bucket: str | None
    output_name: str | None
    min_vram_mib: int | None
    gpu_model: str | None
    submitted_at: datetime

    @classmethod
    def of(cls, row: SpecRow) -> "JobSpec":
        """Return a row as clients see it."""
        return cls(
            docker_image=row.docker_image,
            input_url=row.input_url,
            output_bucket=row.output_bucket,
            output_name=row.output_name,
            min_vram_mib=row.min_vram_mib,
            gpu_model=row.gpu_model,
            submitted_at=row.submitted_at,
        )


@strawberry.input
class JobSpecInput:
    """What to run for a job; what is left out is left open."""

    docker_image: str
    input_url: str | None = None
    output_bucket: str | None = None
    output_name: str | None = None
    min_vram_mib: int | None = None
    gpu_model: str | None = None

    def spec(self) -> Spec:
        """Return what is to be kept."""
        return Spec(
            docker_image=self.docker_image,
            input_url=self.input_url,
            output_bucket=self.output_bucket,
            output_name=self.output_name,
            min_vram_mib=self.min_vram_mib,
            gpu_model=self.gpu_model,
        )


@strawberry.type
class Dispatch:
    """The attempts to hand a job to its provider's agent; after a failure, those since somebody asked for a retry."""

    attempts: int
    first_sent_at: datetime | None
    last_sent_at: datetime | None
    acknowledged_at: datetime | None = strawberry.field(description="The agent's first report.")
    stalled: bool = strawberry.field(description="Whether the agent has not answered for two minutes.")

    @classmethod
    def of(cls, row: DispatchRow, *, is_open: bool) -> "Dispatch":
        """Return a row as clients see it; a job that is not open waits for its agent no more."""
        return cls(
            attempts=row.attempts,
            first_sent_at=row.first_sent_at,
            last_sent_at=row.last_sent_at,
            acknowledged_at=row.acknowledged_at,
            stalled=is_open and is_stalled(dispatch_facts(row), row.now),
        )


@strawberry.type
class ReputationCredit:
    """The increment of a provider's count on opBNB that a confirmed job is worth."""

    status: CreditStatus
    transaction_hash: Bytes32 | None
    nonce: int | None
    attempts: int
    final_at: datetime | None

    @classmethod
    def of(cls, row: CreditRow, *, final_block: int) -> "ReputationCredit":
        """Return a row as clients see it while opBNB is final up to a block."""
        status = status_of(row, final_block=final_block)
        return cls(
            status=status,
            transaction_hash=None if row.transaction_hash is None else Bytes32(row.transaction_hash),
            nonce=row.nonce,
            attempts=row.attempts,
            final_at=row.mined_at if status is CreditStatus.FINAL else None,
        )


@strawberry.type
class JobEvent:
    """One step in a job's life, from either chain or from off chain."""

    kind: str
    at: datetime
    source: Source | None = strawberry.field(description="Null for what happened off chain.")
    detail: str | None

    @classmethod
    def of(cls, row: EventRow) -> "JobEvent":
        """Return a row as clients see it."""
        return cls(kind=row.kind, at=row.at, source=Source.of_event(row), detail=row.detail)
