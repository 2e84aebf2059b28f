"""
What one operation reads: a snapshot, and loaders that ask it once for what many fields want.

Resolvers say what they need of one row; what is needed in the same moment becomes one statement, so the number of
statements depends on the question and never on the rows. This is every operation's GraphQL context.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from strawberry.dataloader import DataLoader

from graphql_api import account_queries, chain_queries, job_queries, life_queries, matching, provider_queries
from graphql_api.account_store import AccountStore, hash_token
from graphql_api.broadcast import Broadcast
from graphql_api.criteria import Criteria
from graphql_api.errors import NotSignedIn
from graphql_api.life_queries import Parties
from graphql_api.life_rows import CreditRow, DispatchRow, EventRow, OutputRow, SpecRow
from graphql_api.lines import Lines
from graphql_api.matching import Matched
from graphql_api.pages import Page, Slice, cut
from graphql_api.readiness import Patience
from graphql_api.rows import CheckpointRow, JobRow, ProviderRow
from graphql_api.sign_in import Terms
from graphql_api.snapshot import Snapshot
from graphql_api.spec_store import SpecStore
from graphql_api.viewers import Viewer
from models.rank import Needs
from models.values import ZERO_ADDRESS, Chain, parse_address
from runtime.database import Pool

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all operations of this process share; `agents_url` is where agents find NATS, if there is one."""

    pool: Pool
    lines: Lines
    broadcast: Broadcast
    patience: Patience
    terms: Terms
    accounts: AccountStore
    specs: SpecStore
    agents_url: str | None


class Reading:
    """The rows one operation asks for, all from one snapshot; `token` is what who asks has shown of a session."""

    def __init__(self, world: World, token: str | None = None) -> None:
        self.world = world
        self.token = token
        self.snapshot = Snapshot(world.pool)
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}

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

    async def job(self, job_id: bytes) -> JobRow | None:
        """Return a job by id."""
        return await self._one("job", job_id, job_queries.jobs_by_id)

    async def provider(self, address: str) -> ProviderRow | None:
        """Return a provider by its EIP-55 address."""
        return await self._one("provider", address, provider_queries.providers_by_address)

    async def earned(self, address: str) -> int:
        """Return what a provider took so far, in wei."""
        return await self._one("earned", address, provider_queries.earnings) or 0

    async def jobs(self, criteria: Criteria, page: Page) -> Slice[JobRow]:
        """Return a page of all jobs."""
        return cut(page, await self._once(("jobs", criteria, page), job_queries.jobs_page, criteria, page))

    async def job_count(self, criteria: Criteria) -> int:
        """Return how many jobs meet the criteria, up to a limit."""
        return await self._once(("job_count", criteria), job_queries.count_jobs, criteria)

    async def jobs_of(self, provider: str, criteria: Criteria, page: Page) -> Slice[JobRow]:
        """Return a page of the jobs of one provider."""

        async def load(snapshot: Snapshot, providers: Sequence[str]) -> Mapping[str, list[JobRow]]:
            return await job_queries.jobs_pages(snapshot, providers, criteria, page)

        return cut(page, await self._one(("jobs_of", criteria, page), provider, load) or [])

    async def job_count_of(self, provider: str, criteria: Criteria) -> int:
        """Return how many jobs of one provider meet the criteria, up to a limit."""

        async def load(snapshot: Snapshot, providers: Sequence[str]) -> Mapping[str, int]:
            return await job_queries.count_jobs_of(snapshot, providers, criteria)

        return await self._one(("job_count_of", criteria), provider, load) or 0

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

    async def credit(self, job: JobRow) -> CreditRow | None:
        """Return the credit of a job."""
        return await self._one("credit", job.job_id, life_queries.credits)

    async def timeline(self, job: JobRow, first: int) -> list[EventRow]:
        """Return the first things that happened to a job."""

        async def load(snapshot: Snapshot, jobs: Sequence[Parties]) -> Mapping[Parties, list[EventRow]]:
            return await life_queries.timelines(snapshot, jobs, first)

        provider = ZERO_ADDRESS if job.provider is None else parse_address(job.provider)
        return await self._one(("timeline", first), (job.job_id, parse_address(job.renter), provider), load) or []

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

    async def checkpoints(self) -> list[CheckpointRow]:
        """Return where each chain stands."""
        return await self._once("checkpoints", chain_queries.checkpoints)

    async def final_through(self, chain: Chain) -> int:
        """Return the last block of a chain that can no longer be undone, −1 before the first."""
        return next((row.final_through for row in await self.checkpoints() if row.chain == chain), -1)

    async def now(self) -> datetime | None:
        """Return the database's time, None before anything is indexed."""
        return next((row.now for row in await self.checkpoints()), None)

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
