"""What can be asked once."""

from functools import partial
from typing import Annotated

import strawberry

from graphql_api.activity import Interval, read_last
from graphql_api.pages import read_page, read_size
from graphql_api.rows import JobRow, ProviderRow
from graphql_api.scalars import Address, Bytes32
from graphql_api.schema import node
from graphql_api.schema.account import Account
from graphql_api.schema.at import At, answered_as_of, answered_not_before
from graphql_api.schema.chain import ChainStatus, Info
from graphql_api.schema.connection import Connection, Listing
from graphql_api.schema.filters import (
    JobFilter,
    JobOrder,
    ProviderFilter,
    ProviderOrder,
    job_criteria,
    order_of_jobs,
    order_of_providers,
    provider_criteria,
)
from graphql_api.schema.market import Job, Provider
from graphql_api.schema.matching import MATCHES_MAX, Match, Requirements
from graphql_api.schema.operating import REINDEXES_MAX, Reindex
from graphql_api.schema.statistics import ActivityPoint, JobStats, ProviderStats
from graphql_api.searching import found

SearchHit = Annotated[Job | Provider, strawberry.union("SearchHit", description="What a search finds.")]


@strawberry.type
class Query:
    """The entry to everything that can be read."""

    @strawberry.field
    async def node(self, info: Info, id: strawberry.ID) -> node.Node | None:  # noqa: A002  # The public name.
        """Any object by its global id."""
        key = node.read(id)
        return await _job(info, Bytes32(key)) if isinstance(key, bytes) else await _provider(info, key)

    @strawberry.field
    async def provider(self, info: Info, address: Address, as_of: list[At] | None = None) -> Provider | None:
        """
        A provider by its address.

        `asOf`: chain facts as of those blocks; a chain not named, and off-chain facts, as of now. Of opBNB: all that is
        shown of the provider itself; whether it was online is judged by that block's time, which between two blocks
        that we know is taken in proportion. Of BSC: what it earned, and its jobs. Whether a block is final is told as
        of now. Fails with NOT_INDEXED for a block that is not indexed yet, and with NOT_KEPT for one before the first
        that is indexed, or before the heartbeats that are kept one by one.
        """
        chosen = await answered_as_of(info, as_of)
        row = await info.context.provider(address, chosen)
        return None if row is None else Provider.of(row, chosen)

    @strawberry.field
    async def job(
        self, info: Info, job_id: Bytes32, as_of: list[At] | None = None, not_before: At | None = None
    ) -> Job | None:
        """
        A job by its id.

        `asOf`: chain facts as of those blocks; a chain not named, and off-chain facts, as of now. Of BSC: the job and
        its steps there. Of opBNB: its provider, and its credit. Its spec, dispatch and what its agent reported are from
        off chain. So status, reason and timeline join chain facts of then with off-chain facts of now. Whether a block
        is final is told as of now. Fails like `provider`, of old heartbeats only where `provider` or `reason` is asked.
        `notBefore`: wait, two seconds at most, until that block is indexed; fails with NOT_INDEXED when it is not, and
        `extensions` say how far we are.
        """
        await answered_not_before(info, not_before)
        chosen = await answered_as_of(info, as_of)
        row = await info.context.job(job_id, chosen)
        return None if row is None else Job.of(row, chosen)

    @strawberry.field
    async def providers(
        self,
        info: Info,
        filter: ProviderFilter | None = None,  # noqa: A002  # The public name.
        order_by: ProviderOrder | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        not_before: At | None = None,
    ) -> Connection[Provider]:
        """
        Providers; best reputation first, unless asked otherwise. 50 at a time, 500 at most.

        `notBefore`: wait, two seconds at most, until that block is indexed: read your own writes.
        """
        await answered_not_before(info, not_before)
        criteria = provider_criteria(filter)
        page = read_page(order_of_providers(order_by), first=first, after=after, last=last, before=before)
        return Connection(
            listing=Listing(
                page=page,
                rows=partial(info.context.providers, criteria, page),
                count=partial(info.context.provider_count, criteria),
                item=Provider.of,
            )
        )

    @strawberry.field
    async def jobs(
        self,
        info: Info,
        filter: JobFilter | None = None,  # noqa: A002  # The public name.
        order_by: JobOrder | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        not_before: At | None = None,
    ) -> Connection[Job]:
        """
        Jobs; newest first, unless asked otherwise. 50 at a time, 500 at most.

        `notBefore`: wait, two seconds at most, until that block is indexed: read your own writes.
        """
        await answered_not_before(info, not_before)
        criteria = job_criteria(filter)
        page = read_page(order_of_jobs(order_by), first=first, after=after, last=last, before=before)
        return Connection(
            listing=Listing(
                page=page,
                rows=partial(info.context.jobs, criteria, page),
                count=partial(info.context.job_count, criteria),
                item=Job.of,
            )
        )

    @strawberry.field
    async def search(self, info: Info, text: str) -> list[SearchHit]:
        """
        Jobs and providers by address, job id or transaction hash; in any case, with or without 0x.

        An address finds the provider, the ten newest jobs that it was to run, and the ten newest that it rents. A
        transaction finds what its events are about, 20 at most; of heartbeats those that are kept one by one. Any other
        text finds nothing.
        """
        return [_hit(row) for row in await found(info.context, text)]

    @strawberry.field
    async def provider_stats(self, info: Info) -> ProviderStats:
        """All providers in numbers, not a page of them; a second old at most."""
        return ProviderStats.of(info.context.computed.take(await info.context.world.statistics.providers.newest()))

    @strawberry.field
    async def job_stats(self, info: Info) -> JobStats:
        """All jobs in numbers, not a page of them; a second old at most."""
        return JobStats.of(info.context.computed.take(await info.context.world.statistics.jobs.newest()))

    @strawberry.field
    async def activity(self, info: Info, interval: Interval = Interval.DAY, last: int = 30) -> list[ActivityPoint]:
        """
        What happened in the last minutes (60 at most), hours (168), days (366) or weeks (104) of UTC, oldest first.

        By block time: the last interval is the one that the newest indexed block is in. Weeks begin on Monday. One
        without events is there too.
        """
        computed = await info.context.world.statistics.activity(interval, read_last(interval, last))
        return [ActivityPoint.of(row) for row in info.context.computed.take(computed)]

    @strawberry.field
    async def matches(self, info: Info, requirements: Requirements, first: int = 10) -> list[Match]:
        """Providers that are online and fit, best first, each with why; 100 at most."""
        size = read_size(first, "first", most=MATCHES_MAX)
        return [Match.of(matched) for matched in (await info.context.matches(requirements.needs()))[:size]]

    @strawberry.field
    async def chains(self, info: Info) -> list[ChainStatus]:
        """Where our copies of the chains stand; one not yet begun is missing."""
        return [ChainStatus.of(row, info.context.world) for row in await info.context.checkpoints()]

    @strawberry.field
    async def reindexes(self, info: Info, first: int = 10) -> list[Reindex]:
        """What was asked to be read again, newest first; for admins only, 100 at most."""
        size = read_size(first, "first", most=REINDEXES_MAX)
        await info.context.admin()
        return [Reindex.of(row) for row in await info.context.reindexes(size)]

    @strawberry.field
    async def credits_paused_reason(self, info: Info) -> str | None:
        """Why no credits are signed, null while they are; for admins only."""
        await info.context.admin()
        return await info.context.credits_paused_reason()

    @strawberry.field
    async def me(self, info: Info) -> Account | None:
        """Who asks; null for somebody who has not signed in."""
        viewer = await info.context.viewer()
        return None if viewer is None else Account.of(viewer)


def _hit(row: JobRow | ProviderRow) -> Job | Provider:
    return Job.of(row) if isinstance(row, JobRow) else Provider.of(row)


async def _job(info: Info, job_id: bytes) -> Job | None:
    row = await info.context.job(job_id)
    return None if row is None else Job.of(row)


async def _provider(info: Info, address: str) -> Provider | None:
    row = await info.context.provider(address)
    return None if row is None else Provider.of(row)
