"""
What one operation reads: a snapshot, and loaders that ask it once for what many fields want.

Resolvers say what they need of one row; what is needed in the same moment becomes one statement, so the number of
statements depends on the question and never on the rows. This is every operation's GraphQL context.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from strawberry.dataloader import DataLoader

from graphql_api import (
    account_queries,
    chain_queries,
    job_queries,
    life_queries,
    matching,
    past_queries,
    provider_queries,
    request_queries,
    uptime_queries,
)
from graphql_api.account_store import AccountStore, hash_token
from graphql_api.admin_store import AdminStore
from graphql_api.as_of import NOW, AsOf, At, by_chain, check_as_of, check_indexed, ground, read_as_of
from graphql_api.broadcast import Broadcast
from graphql_api.charging import Quotas
from graphql_api.computed import Parts
from graphql_api.criteria import Criteria
from graphql_api.errors import Declined, Forbidden, NotSignedIn
from graphql_api.figures import Figures
from graphql_api.life_rows import CreditRow, DispatchRow, EventRow, OutputRow, SpecRow
from graphql_api.lines import Lines
from graphql_api.matching import Matched
from graphql_api.pages import Page, Slice, cut
from graphql_api.readiness import Patience
from graphql_api.rows import CheckpointRow, DaysRow, JobRow, ProviderRow, ReindexRow
from graphql_api.sign_in import Terms
from graphql_api.snapshot import Snapshot
from graphql_api.spec_store import SpecStore
from graphql_api.statistics import Statistics
from graphql_api.viewers import Viewer
from graphql_api.visitors import Visitor
from graphql_api.wallet_check import WalletCheck
from graphql_api.watches import Watch
from models.rank import Needs
from models.values import ZERO_ADDRESS, Chain, parse_address
from runtime.database import Pool
from runtime.limit_settings import LimitSettings
from runtime.live_settings import LiveSettings

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all operations of this process share; `agents_url` is where agents find NATS, if there is one."""

    pool: Pool
    lines: Lines
    broadcast: Broadcast
    statistics: Statistics
    patience: Patience
    explorers: Mapping[str, str]
    terms: Terms
    accounts: AccountStore
    specs: SpecStore
    admin: AdminStore
    agents_url: str | None
    wallets: WalletCheck
    quotas: Quotas
    limits: LimitSettings
    live: LiveSettings
    offline_after: timedelta
    figures: Figures = field(default_factory=Figures)


class Reading:
    """
    The rows one operation asks for, all from one snapshot.

    `token` is what who asks has shown of a session, and `visitor` where they ask from, unless it is this process.
    """

    visitor: Visitor | None = None

    def __init__(self, world: World, token: str | None = None) -> None:
        self.world = world
        self.token = token
        self.snapshot = Snapshot(world.pool)
        self.watched: Watch | None = None
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}
        self.computed = Parts()

    async def close(self) -> None:
        """Forget what was read and end the snapshot; what is asked after this is read from a new one."""
        await self.snapshot.close()
        self._loaders.clear()

    async def end(self) -> None:
        """Close for good: the answer is complete, or has failed."""
        await self.snapshot.end()
        self._loaders.clear()

    async def viewer(self) -> Viewer | None:
        """Return who asks, or None for somebody who shows no session, or one that has ended."""
        if self.token is None:
            return None
        holder = await self._once("viewer", account_queries.session_holder, hash_token(self.token))
        return None if holder is None else Viewer.of(holder, self.world.terms.admins)

    async def signed_in(self) -> Viewer:
        """Return who asks. Raises `NotSignedIn`."""
        viewer = await self.viewer()
        if viewer is None:
            trouble = "nobody is signed in" if self.token is None else "the session is unknown or has ended"
            raise NotSignedIn(f"{trouble}: signIn, then send its token as Authorization: Bearer …")
        return viewer

    async def admin(self) -> Viewer:
        """Return who asks, an admin. Raises `NotSignedIn` and `Forbidden`."""
        viewer = await self.signed_in()
        if not viewer.is_admin:
            raise Forbidden(f"{viewer.shown} is not an admin: only wallets that ADMIN_ADDRESSES names may do this")
        return viewer

    async def may_read(self, job: JobRow) -> bool:
        """Say whether who asks may see what a job runs and where its output is."""
        viewer = await self.viewer()
        return viewer is not None and viewer.may_read(job)

    async def watch(self, watch: Watch) -> AsyncIterator[Any]:
        """Note what a subscription asks to be told, and tell nothing: that is done for all who ask it together."""
        self.watched = watch
        nothing: tuple[Any, ...] = ()
        for each in nothing:
            yield each

    async def as_of(self, blocks: Iterable[At]) -> AsOf:
        """Return as of which blocks somebody asks. Raises `BadInput`, `NotIndexed` or `NotKept`."""
        asked = read_as_of(blocks)
        if asked != NOW:
            check_as_of(asked, await self.checkpoints())
        return asked

    async def demand(self, block: At) -> None:
        """Raise `NotIndexed` unless a block is in this snapshot."""
        check_indexed(block, by_chain(await self.checkpoints()))

    async def job(self, job_id: bytes, as_of: AsOf = NOW) -> JobRow | None:
        """Return a job by id."""
        return await self._one(("job", as_of), job_id, partial(job_queries.jobs_by_id, as_of=as_of))

    async def provider(self, address: str, as_of: AsOf = NOW) -> ProviderRow | None:
        """Return a provider by its EIP-55 address. Raises `NotKept`."""
        if as_of.opbnb is None:
            return await self._one("provider", address, provider_queries.providers_by_address)
        load = partial(self._past_providers, as_of.opbnb)
        return await self._one(("provider", as_of.opbnb), address, load)

    async def earned(self, address: str, as_of: AsOf = NOW) -> int:
        """Return what a provider took so far, in wei."""
        return await self._one(("earned", as_of), address, partial(provider_queries.earnings, as_of=as_of)) or 0

    async def days_online(self, address: str, days: int) -> DaysRow | None:
        """Return how long a provider was online on each of the last folded days."""

        async def load(snapshot: Snapshot, providers: Sequence[bytes]) -> Mapping[bytes, DaysRow]:
            return await uptime_queries.days_online(snapshot, providers, days=days)

        return await self._one(("days_online", days), parse_address(address), load)

    async def jobs(self, criteria: Criteria, page: Page) -> Slice[JobRow]:
        """Return a page of all jobs."""
        return cut(page, await self._once(("jobs", criteria, page), job_queries.jobs_page, criteria, page))

    async def job_count(self, criteria: Criteria) -> int:
        """Return how many jobs meet the criteria, up to a limit."""
        return await self._once(("job_count", criteria), job_queries.count_jobs, criteria)

    async def jobs_of(self, provider: str, criteria: Criteria, page: Page, as_of: AsOf = NOW) -> Slice[JobRow]:
        """Return a page of the jobs of one provider."""
        load = partial(job_queries.jobs_pages, criteria=criteria, page=page, as_of=as_of)
        return cut(page, await self._one(("jobs_of", criteria, page, as_of), provider, load) or [])

    async def job_count_of(self, provider: str, criteria: Criteria, as_of: AsOf = NOW) -> int:
        """Return how many jobs of one provider meet the criteria, up to a limit."""
        load = partial(job_queries.count_jobs_of, criteria=criteria, as_of=as_of)
        return await self._one(("job_count_of", criteria, as_of), provider, load) or 0

    async def spec(self, job: JobRow) -> SpecRow | None:
        """Return what its renter wants to have run; whether who asks may know is decided before."""
        return await self._one("spec", (job.job_id, parse_address(job.renter)), life_queries.specs)

    async def output(self, job: JobRow) -> OutputRow | None:
        """Return where its agent put the result; whether who asks may know is decided before."""
        return await self._one("output", job.job_id, life_queries.outputs)

    async def dispatch(self, job: JobRow) -> DispatchRow | None:
        """Return the attempts to hand a job to its provider."""
        if job.provider is None:
            return None
        return await self._one("dispatch", (job.job_id, parse_address(job.provider)), life_queries.dispatches)

    async def credit(self, job: JobRow, as_of: AsOf = NOW) -> CreditRow | None:
        """Return the credit of a job."""
        return await self._one(("credit", as_of), job.job_id, partial(life_queries.credits, as_of=as_of))

    async def timeline(self, job: JobRow, first: int, as_of: AsOf = NOW) -> list[EventRow]:
        """Return the first things that happened to a job."""
        load = partial(life_queries.timelines, first=first, as_of=as_of)
        provider = ZERO_ADDRESS if job.provider is None else parse_address(job.provider)
        parties = job.job_id, parse_address(job.renter), provider
        return await self._one(("timeline", first, as_of), parties, load) or []

    async def providers(self, criteria: Criteria, page: Page) -> Slice[ProviderRow]:
        """Return a page of all providers."""
        name = ("providers", criteria, page)
        return cut(page, await self._once(name, provider_queries.providers_page, criteria, page))

    async def provider_count(self, criteria: Criteria) -> int:
        """Return how many providers meet the criteria, up to a limit."""
        return await self._once(("provider_count", criteria), provider_queries.count_providers, criteria)

    async def matches(self, needs: Needs) -> list[Matched]:
        """Return the providers that fit what is needed, best first."""
        return await self._once(("matches", needs), matching.matches, needs)

    async def credits_paused_reason(self) -> str | None:
        """Return why no credits are signed, or None while they are."""
        return await self._once("credits paused", request_queries.credits_paused_reason)

    async def reindexes(self, limit: int) -> list[ReindexRow]:
        """Return the newest requests to read blocks again."""
        return await self._once(("reindexes", limit), request_queries.reindexes, limit)

    async def reindex(self, number: int) -> ReindexRow | None:
        """Return a request to read blocks again."""
        return await self._one("reindex", number, request_queries.reindexes_by_number)

    async def checkpoints(self) -> list[CheckpointRow]:
        """Return where each chain stands."""
        return await self._once("checkpoints", chain_queries.checkpoints)

    async def stands_on(self) -> list[CheckpointRow] | None:
        """Return where each chain stands in this snapshot, else in those that parts were computed from; or None."""
        if self.snapshot.is_readable:
            with suppress(Declined):
                return await self.checkpoints()
        return self.computed.checkpoints or None

    async def final_through(self, chain: Chain) -> int:
        """Return the last block of a chain that can no longer be undone, −1 before the first."""
        return next((row.final_through for row in await self.checkpoints() if row.chain == chain), -1)

    async def now(self) -> datetime | None:
        """Return the database's time, None before anything is indexed."""
        return next((row.now for row in await self.checkpoints()), None)

    async def _past_providers(
        self, block: int, snapshot: Snapshot, addresses: Sequence[str]
    ) -> Mapping[str, ProviderRow]:
        row = await past_queries.ground_row(snapshot, block)
        if row is None:
            return {}
        return await past_queries.providers_by_address(
            snapshot, addresses, block=block, ground=ground(block, row), offline_after=self.world.offline_after
        )

    async def _one(
        self, name: Hashable, key: Key, query: Callable[[Snapshot, Sequence[Key]], Awaitable[Mapping[Key, Value]]]
    ) -> Value | None:
        """Return what belongs to one key, asking for all keys that are wanted now in one statement."""

        async def load(keys: list[Key]) -> list[Value | None]:
            found = await query(self.snapshot, keys)
            return [found.get(key) for key in keys]

        found: Value | None = await self._loader(name, load).load(key)
        return found

    async def _once(self, name: Hashable, query: Callable[..., Awaitable[Value]], *arguments: object) -> Value:
        """Return the answer of a query that several fields ask for, asking once."""

        async def load(keys: list[None]) -> list[Value]:
            return [await query(self.snapshot, *arguments)] * len(keys)

        found: Value = await self._loader(name, load).load(None)
        return found

    def _loader(self, name: Hashable, load: Callable[[list[Any]], Awaitable[list[Any]]]) -> DataLoader[Any, Any]:
        if name not in self._loaders:
            self._loaders[name] = DataLoader(load_fn=load)
        return self._loaders[name]
