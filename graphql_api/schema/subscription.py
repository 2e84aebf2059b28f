"""
What can be watched: jobs and providers as they change, all of them in numbers, and where the chains stand.

A change is told when its subject was inside the filter before or is now. Of numbers, the newest are told.
"""

from collections.abc import AsyncGenerator
from functools import partial

import strawberry

from graphql_api.listening import Heard, Interest
from graphql_api.reading import World
from graphql_api.replay import read_cursor
from graphql_api.scalars import Address, Bytes32
from graphql_api.schema.chain import ChainStatus, Info
from graphql_api.schema.filters import JobFilter, ProviderFilter, job_criteria, provider_criteria
from graphql_api.schema.market import Job, Provider
from graphql_api.schema.statistics import JobStats, ProviderStats
from graphql_api.statistics import Standing
from graphql_api.watches import ChangeWatch, Tell, ValueWatch
from models.feed import ChangeKind, Entity
from models.values import parse_bytes32, show_bytes

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

    @classmethod
    def of(cls, change: Heard, cursor: str, matches: bool) -> "JobChange":
        """Return a change as clients see it."""
        job_id = None if change.key is None else Bytes32(parse_bytes32(change.key))
        return cls(kind=change.kind, job_id=job_id, matches=matches, by_reorg=change.by_reorg, cursor=cursor)


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

    @classmethod
    def of(cls, change: Heard, cursor: str, matches: bool) -> "ProviderChange":
        """Return a change as clients see it."""
        address = None if change.key is None else Address(change.key)
        return cls(kind=change.kind, address=address, matches=matches, by_reorg=change.by_reorg, cursor=cursor)


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
        async for change in info.context.watch(_watch(interest, after, JobChange.of)):
            yield change

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
        async for change in info.context.watch(_watch(interest, after, ProviderChange.of)):
            yield change

    @strawberry.subscription
    async def job_stats(self, info: Info) -> AsyncGenerator[JobStats, None]:
        """All jobs in numbers: at once, and then whenever they changed, once a second at most."""
        values = info.context.world.statistics.jobs.follow
        async for stats in info.context.watch(ValueWatch(values=values, tell=lambda each: JobStats.of(each.value))):
            yield stats

    @strawberry.subscription
    async def provider_stats(self, info: Info) -> AsyncGenerator[ProviderStats, None]:
        """All providers in numbers: at once, and then whenever they changed, once a second at most."""
        values = info.context.world.statistics.providers.follow
        async for stats in info.context.watch(
            ValueWatch(values=values, tell=lambda each: ProviderStats.of(each.value))
        ):
            yield stats

    @strawberry.subscription
    async def chains(self, info: Info) -> AsyncGenerator[list[ChainStatus], None]:
        """Where our copies of the chains stand: at once, and whenever one moved or its readiness is another."""
        world = info.context.world
        tell = partial(_statuses, world=world)
        async for statuses in info.context.watch(ValueWatch(values=world.statistics.chains.follow, tell=tell)):
            yield statuses


def _statuses(standing: Standing, *, world: World) -> list[ChainStatus]:
    return [ChainStatus.of(row, world) for row in standing.checkpoints]


def _watch(interest: Interest, after: str | None, tell: Tell) -> ChangeWatch:
    return ChangeWatch(interest=interest, after=None if after is None else read_cursor(after), tell=tell)
