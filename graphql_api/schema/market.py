"""
Jobs and providers. Each names the other, so both stand here.

Of a job, its spec and its output are for its renter, its provider and admins only; for others they are null.
"""

import asyncio
from datetime import datetime
from functools import partial

import strawberry

from graphql_api.as_of import NOW, AsOf
from graphql_api.explaining import reason_of
from graphql_api.pages import read_page, read_size
from graphql_api.rows import JobRow, ProviderRow
from graphql_api.scalars import Address, Bytes32, Wei
from graphql_api.schema import node
from graphql_api.schema.chain import Info, Source
from graphql_api.schema.connection import Connection, Listing
from graphql_api.schema.filters import JobFilter, JobOrder, job_criteria, order_of_jobs
from graphql_api.schema.life import Dispatch, JobEvent, JobSpec, ReputationCredit
from graphql_api.uptime import history_of, read_days, share_of
from models.values import Chain, EscrowStatus, JobStatus


@strawberry.type
class Job(node.Node):
    """A job that a renter created and paid for on BSC."""

    job_id: Bytes32
    renter: Address
    provider_address: Address | None = strawberry.field(description="Null where the job names no provider.")
    payment: Wei
    status: JobStatus
    escrow: EscrowStatus
    has_spec: bool
    created_at: datetime
    assigned_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    failed_at: datetime | None
    confirmed_at: datetime | None
    claimed_at: datetime | None
    updated_at: datetime
    error: str | None
    source: Source
    row: strawberry.Private[JobRow]
    as_of: strawberry.Private[AsOf]

    @strawberry.field
    async def spec(self, info: Info) -> JobSpec | None:
        """What to run. For its renter, its provider and admins; null for others."""
        row = await info.context.spec(self.row) if await info.context.may_read(self.row) else None
        return None if row is None else JobSpec.of(row)

    @strawberry.field
    async def output_url(self, info: Info) -> str | None:
        """Where the agent put the result; same readers as `spec`."""
        row = await info.context.output(self.row) if await info.context.may_read(self.row) else None
        return None if row is None else row.output_url

    @strawberry.field
    async def reason(self, info: Info) -> str | None:
        """Why the job stands where it stands, for a person: waiting for its spec, provider offline, …"""
        return await reason_of(info.context, self.row, self.as_of)

    @strawberry.field
    async def dispatch(self, info: Info) -> Dispatch | None:
        """The attempts to hand it to its provider's agent; null before the first."""
        row = await info.context.dispatch(self.row)
        return None if row is None else Dispatch.of(row, is_open=self.row.escrow == EscrowStatus.HELD)

    @strawberry.field
    async def credit(self, info: Info) -> ReputationCredit | None:
        """Its provider's credit on opBNB; null before its confirmation is final."""
        row, final = await asyncio.gather(
            info.context.credit(self.row, self.as_of), info.context.final_through(Chain.OPBNB)
        )
        return None if row is None else ReputationCredit.of(row, final_block=final)

    @strawberry.field
    async def timeline(self, info: Info, first: int = 50) -> list[JobEvent]:
        """What happened to it, on both chains and off chain, oldest first; 500 steps at most."""
        rows = await info.context.timeline(self.row, read_size(first, "first"), self.as_of)
        return [JobEvent.of(row) for row in rows]

    @strawberry.field
    async def provider(self, info: Info) -> "Provider | None":
        """Null where the job names nobody, or somebody opBNB has never seen."""
        if self.provider_address is None:
            return None
        row = await info.context.provider(self.provider_address, self.as_of)
        return None if row is None else Provider.of(row, self.as_of)

    @classmethod
    def of(cls, row: JobRow, as_of: AsOf = NOW) -> "Job":
        """Return a row as clients see it; what it leads to is shown as of the same blocks."""
        return cls(
            id=node.job_id(row.job_id),
            job_id=Bytes32(row.job_id),
            renter=Address(row.renter),
            provider_address=None if row.provider is None else Address(row.provider),
            payment=Wei(int(row.payment)),
            status=JobStatus(row.status),
            escrow=EscrowStatus(row.escrow),
            has_spec=row.has_spec,
            created_at=row.created_at,
            assigned_at=row.assigned_at,
            started_at=row.started_at,
            completed_at=row.completed_at,
            failed_at=row.failed_at,
            confirmed_at=row.confirmed_at,
            claimed_at=row.claimed_at,
            updated_at=row.updated_at,
            error=row.error,
            source=Source.of_job(row),
            row=row,
            as_of=as_of,
        )


@strawberry.type
class Provider(node.Node):
    """A GPU provider as opBNB shows it."""

    address: Address
    gpu_model: str
    vram_mib: int
    is_online: bool
    last_seen_at: datetime | None
    registered_at: datetime | None
    reputation_score: int
    total_jobs_completed: int
    updated_at: datetime
    source: Source | None = strawberry.field(description="Its newest registration; null when it never registered.")
    as_of: strawberry.Private[AsOf]

    @strawberry.field
    async def earned(self, info: Info) -> Wei:
        """What it took for its jobs so far."""
        return Wei(await info.context.earned(self.address, self.as_of))

    @strawberry.field
    async def uptime(self, info: Info, days: int = 7) -> float | None:
        """
        Share of the last so many days in which heartbeats kept the provider online, 0 to 1; null before the first.

        Whole UTC days that are over and final, 366 at most; the first counts from the first heartbeat.
        """
        return share_of(await info.context.days_online(self.address, read_days(days)), days)

    @strawberry.field
    async def uptime_history(self, info: Info, days: int = 30) -> list[float | None]:
        """One value a day, oldest first, for a strip; the last is that of the newest day that is over and final."""
        return history_of(await info.context.days_online(self.address, read_days(days)), days)

    @strawberry.field
    def jobs(
        self,
        info: Info,
        filter: JobFilter | None = None,  # noqa: A002  # The public schema calls it so.
        order_by: JobOrder | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Job]:
        """The jobs that name it; newest first, unless asked otherwise."""
        criteria = job_criteria(filter)
        page = read_page(order_of_jobs(order_by), first=first, after=after, last=last, before=before)
        return Connection(
            listing=Listing(
                page=page,
                rows=partial(info.context.jobs_of, self.address, criteria, page, self.as_of),
                count=partial(info.context.job_count_of, self.address, criteria, self.as_of),
                item=partial(Job.of, as_of=self.as_of),
            )
        )

    @classmethod
    def of(cls, row: ProviderRow, as_of: AsOf = NOW) -> "Provider":
        """Return a row as clients see it; what it leads to is shown as of the same blocks."""
        return cls(
            id=node.provider_id(row.wallet_address),
            address=Address(row.wallet_address),
            gpu_model=row.gpu_model,
            vram_mib=row.vram,
            is_online=row.is_online,
            last_seen_at=row.last_seen,
            registered_at=row.registered_at,
            reputation_score=row.reputation_score,
            total_jobs_completed=row.total_jobs_completed,
            updated_at=row.updated_at,
            source=Source.of_provider(row),
            as_of=as_of,
        )
