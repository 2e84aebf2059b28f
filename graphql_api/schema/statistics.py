"""Everything in numbers: over all rows, not over a page."""

from collections.abc import Sequence

import strawberry

from graphql_api import job_queries, provider_queries
from graphql_api.rows import JobTotalsRow, ProviderTotalsRow
from graphql_api.scalars import BigInt, Wei
from graphql_api.schema.chain import Info
from models.values import EscrowStatus, JobStatus


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

    @strawberry.field
    async def gpu_models(self, info: Info) -> list[GpuModelCount]:
        """The most frequent models first, 100 at most."""
        rows = await provider_queries.gpu_models(info.context.snapshot)
        return [
            GpuModelCount(gpu_model=row.gpu_model, total=row.total, online=row.online, vram_mib=BigInt(row.vram))
            for row in rows
        ]

    @classmethod
    def of(cls, row: ProviderTotalsRow) -> "ProviderStats":
        """Return the totals as clients see them."""
        return cls(
            total=row.total,
            online=row.online,
            total_vram_mib=BigInt(row.vram),
            online_vram_mib=BigInt(row.vram_online),
            average_reputation=row.reputation,
            total_jobs_completed=BigInt(row.jobs_completed),
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
    volume: Wei = strawberry.field(description="What renters paid in, ever.")

    @strawberry.field
    async def paid_out(self, info: Info) -> Wei:
        """What providers took, ever."""
        return Wei(await job_queries.paid_out(info.context.snapshot))

    @classmethod
    def of(cls, rows: Sequence[JobTotalsRow]) -> "JobStats":
        """Return the totals as clients see them."""
        counts = {status: sum(row.count for row in rows if row.status == status) for status in JobStatus}
        return cls(
            total=sum(counts.values()),
            by_status=[StatusCount(status=status, count=count) for status, count in counts.items()],
            escrowed=Wei(sum(int(row.payment) for row in rows if row.escrow != EscrowStatus.CLAIMED)),
            volume=Wei(sum(int(row.payment) for row in rows)),
        )
