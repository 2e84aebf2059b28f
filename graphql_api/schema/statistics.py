"""Everything in numbers: over all rows, not over a page."""

from datetime import datetime

import strawberry

from graphql_api.activity import Interval
from graphql_api.job_totals import JobFigures
from graphql_api.rows import ActivityRow
from graphql_api.scalars import BigInt, Wei
from graphql_api.statistics import ProviderFigures
from models.values import EscrowStatus, JobStatus

strawberry.enum(Interval)


@strawberry.type
class GpuModelCount:
    """The providers of one GPU model."""

    gpu_model: str
    total: int
    online: int
    vram_mib: BigInt


@strawberry.type
class ProviderStats:
    """All providers in numbers."""

    total: int
    online: int
    total_vram_mib: BigInt
    online_vram_mib: BigInt
    average_reputation: float
    total_jobs_completed: BigInt
    gpu_models: list[GpuModelCount] = strawberry.field(description="The most frequent models first, 100 at most.")

    @classmethod
    def of(cls, figures: ProviderFigures) -> "ProviderStats":
        """Return the numbers as clients see them."""
        row = figures.totals
        return cls(
            total=row.total,
            online=row.online,
            total_vram_mib=BigInt(row.vram),
            online_vram_mib=BigInt(row.vram_online),
            average_reputation=row.reputation,
            total_jobs_completed=BigInt(row.jobs_completed),
            gpu_models=[
                GpuModelCount(gpu_model=row.gpu_model, total=row.total, online=row.online, vram_mib=BigInt(row.vram))
                for row in figures.gpu_models
            ],
        )


@strawberry.type
class StatusCount:
    """The number of jobs of one status."""

    status: JobStatus
    count: int


@strawberry.type
class JobStats:
    """All jobs in numbers."""

    total: int
    by_status: list[StatusCount] = strawberry.field(description="Every status, those without jobs too.")
    escrowed: Wei = strawberry.field(description="What renters paid in and no provider has taken yet.")
    paid_out: Wei = strawberry.field(description="What providers took, ever.")
    volume: Wei = strawberry.field(description="What renters paid in, ever.")

    @classmethod
    def of(cls, figures: JobFigures) -> "JobStats":
        """Return the numbers as clients see them."""
        counts, payments = figures.counts, figures.payments
        of_status = {status: sum(counts.get((status, escrow), 0) for escrow in EscrowStatus) for status in JobStatus}
        claimed = sum(payments.get((status, EscrowStatus.CLAIMED), 0) for status in JobStatus)
        volume = sum(payments.values())
        return cls(
            total=sum(counts.values()),
            by_status=[StatusCount(status=status, count=count) for status, count in of_status.items()],
            escrowed=Wei(volume - claimed),
            volume=Wei(volume),
            paid_out=Wei(figures.paid_out),
        )


@strawberry.type
class ActivityPoint:
    """Activity of one interval, for charts."""

    start: datetime
    jobs_created: int
    jobs_confirmed: int
    volume: Wei = strawberry.field(description="What renters paid in.")
    providers_seen: int = strawberry.field(
        description="Providers with a heartbeat. Until the interval is over and final: those with one since it began."
    )

    @classmethod
    def of(cls, row: ActivityRow) -> "ActivityPoint":
        """Return an interval as clients see it."""
        return cls(
            start=row.start,
            jobs_created=row.jobs_created,
            jobs_confirmed=row.jobs_confirmed,
            volume=Wei(int(row.volume)),
            providers_seen=row.providers_seen,
        )
