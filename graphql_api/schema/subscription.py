"""
What can be watched: jobs and providers as they change, all of them in numbers, and where the chains stand.

A change is told when its subject was inside the filter before or is now. Of numbers, the newest are told.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry

from graphql_api.following import follow
from graphql_api.listening import Heard, Interest
from graphql_api.replay import read_cursor
from graphql_api.scalars import Address, Bytes32
from graphql_api.schema.chain import ChainStatus, Info
from graphql_api.schema.filters import JobFilter, ProviderFilter, job_criteria, provider_criteria
from graphql_api.schema.market import Job, Provider
from graphql_api.schema.statistics import JobStats, ProviderStats
from models.feed import ChangeKind, Entity
from models.values import parse_bytes32, show_bytes
from runtime.feed import Position

strawberry.enum(ChangeKind)


@strawberry.type
class JobChange:
    """One change of a job. RESYNC stands for many: read again."""

    kind: ChangeKind
    job_id: Bytes32 | None = strawberry.field(description="Null for RESYNC.")
    matches: bool = strawberry.field(description="Whether it is inside the filter now; it was before, or is.")
    by_reorg: bool = strawberry.field(description="Whether a reorganisation undid something.")
    cursor: str = strawberry.field(description="Where to resume: give it as `after`.")

    @strawberry.field
    async def job(self, info: Info) -> Job | None:
        """The job as it is now; null when it is no more, and for RESYNC."""
        row = None if self.job_id is None else await info.context.job(self.job_id)
        return None if row is None else Job.of(row)


@strawberry.type
class ProviderChange:
    """One change of a provider. RESYNC stands for many: read again."""

    kind: ChangeKind
    address: Address | None = strawberry.field(description="Null for RESYNC.")
    matches: bool = strawberry.field(description="Whether it is inside the filter now; it was before, or is.")
    by_reorg: bool = strawberry.field(description="Whether a reorganisation undid something.")
    cursor: str = strawberry.field(description="Where to resume: give it as `after`.")

    @strawberry.field
    async def provider(self, info: Info) -> Provider | None:
        """The provider as it is now; null when it is no more, and for RESYNC."""
        row = None if self.address is None else await info.context.provider(self.address)
        return None if row is None else Provider.of(row)


@strawberry.type
class Subscription:
    """The entry to everything that can be watched."""

    @strawberry.subscription
    async def job_changes(
        self,
        info: Info,
        filter: JobFilter | None = None,  # noqa: A002  # The public name.
        job_id: Bytes32 | None = None,
        after: str | None = None,
    ) -> AsyncGenerator[JobChange, None]:
        """Jobs as they change. With `after`, what changed since comes first, each key once, as it is now."""
        key = None if job_id is None else show_bytes(job_id)
        interest = Interest(entity=Entity.JOB, key=key, criteria=job_criteria(filter))
        async with aclosing(_told(info, interest, after)) as changes:
            async for change, cursor in changes:
                yield JobChange(
                    kind=change.kind,
                    job_id=None if change.key is None else Bytes32(parse_bytes32(change.key)),
                    matches=interest.matches(change),
                    by_reorg=change.by_reorg,
                    cursor=cursor,
                )

    @strawberry.subscription
    async def provider_changes(
        self,
        info: Info,
        filter: ProviderFilter | None = None,  # noqa: A002  # The public name.
        address: Address | None = None,
        after: str | None = None,
    ) -> AsyncGenerator[ProviderChange, None]:
        """Providers as they change. With `after`, what changed since comes first, each key once, as it is now."""
        interest = Interest(entity=Entity.PROVIDER, key=address, criteria=provider_criteria(filter))
        async with aclosing(_told(info, interest, after)) as changes:
            async for change, cursor in changes:
                yield ProviderChange(
                    kind=change.kind,
                    address=None if change.key is None else Address(change.key),
                    matches=interest.matches(change),
                    by_reorg=change.by_reorg,
                    cursor=cursor,
                )

    @strawberry.subscription
    async def job_stats(self, info: Info) -> AsyncGenerator[JobStats, None]:
        """All jobs in numbers: at once, and then whenever they changed, once a second at most."""
        async with aclosing(info.context.world.statistics.jobs.follow()) as found:
            async for figures in found:
                yield JobStats.of(figures)

    @strawberry.subscription
    async def provider_stats(self, info: Info) -> AsyncGenerator[ProviderStats, None]:
        """All providers in numbers: at once, and then whenever they changed, once a second at most."""
        async with aclosing(info.context.world.statistics.providers.follow()) as found:
            async for figures in found:
                yield ProviderStats.of(figures)

    @strawberry.subscription
    async def chains(self, info: Info) -> AsyncGenerator[list[ChainStatus], None]:
        """Where our copies of the chains stand: at once, and whenever one moved or its readiness is another."""
        async with aclosing(info.context.world.statistics.chains.follow()) as found:
            async for standing in found:
                yield [ChainStatus.of(row, info.context) for row in standing.checkpoints]


async def _told(info: Info, interest: Interest, after: str | None) -> AsyncGenerator[tuple[Heard, str], None]:
    """Yield each change with the cursor that resumes behind it."""
    reading = info.context
    start = None if after is None else read_cursor(after)
    epoch = reading.world.broadcast.position.epoch
    async with aclosing(follow(reading, interest, start)) as changes:
        async for change in changes:
            yield change, str(Position(epoch=epoch, number=change.position))
