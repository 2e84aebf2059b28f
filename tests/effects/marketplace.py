"""
A marketplace in full swing, around a reactor that may die at any moment.

    two chains that make blocks all the time · the indexer · NATS with its door · agents · renters who confirm

All but agents and renters are processes of their own, with the settings an operator would give them; the reactor
speaks to opBNB through an endpoint that can be made to lie.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg
import psycopg_pool

from chain.errors import TryAgain
from devnet.accounts import DEPLOYER, private_key
from models.values import Chain, show_bytes
from runtime.bus import open_bus
from runtime.embedded_nats import EmbeddedNats
from tests.effects.agents import WellBehaved
from tests.effects.programs import Nursery, Running
from tests.effects.touches import Point
from tests.integration.dispatch.agency import Market
from tests.integration.lamda.commands import settings_of
from tests.integration.local_chain import LocalChain, World, call_data
from tests.integration.meddler import Meddler

NONE: Mapping[str, str] = MappingProxyType({})
RENTER = 1
PROVIDERS = (5, 6, 7)
BLOCK_SECONDS = 0.1
OPEN_JOBS_MAX = 30
"""How many jobs may be under way before renters wait with the next: a slow machine must not fall behind for ever."""

LOOK_SECONDS = 0.05
DATABASE_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed)

FINISHED = "select job_id from jobs where status = 'COMPLETED' and escrow = 'HELD'"


@dataclass(slots=True)
class Job:
    """A job of a renter, and whether its result was accepted."""

    provider: int
    is_confirmed: bool = False


@dataclass(slots=True, kw_only=True)
class Marketplace:
    """
    Everything; `jobs` are all there ever were. A chain that is `still` makes no blocks by itself.

    What is `given` goes before the settings that an operator would give the programs here.
    """

    world: World
    market: Market
    nats: EmbeddedNats
    nursery: Nursery
    endpoint: Meddler
    database_url: str
    folder: Path
    agents: dict[int, WellBehaved]
    jobs: dict[bytes, Job] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    still: set[LocalChain] = field(default_factory=set)
    jobs_a_second: float = 0.0
    # Asked for two at once, or for one while it makes a block, anvil may give two transactions one nonce.
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    indexer: Running | None = None
    reactors: list[Running] = field(default_factory=list)

    async def open_jobs(self, count: int = 1, *, provider: int | None = None) -> list[bytes]:
        """Create and pay for jobs, and hand in what to run; providers take turns unless one is named."""
        opened = []
        for _ in range(count):
            job_id = (len(self.jobs) + 1).to_bytes(32)
            turn = PROVIDERS[len(self.jobs) % len(PROVIDERS)] if provider is None else provider
            self.jobs[job_id] = Job(provider=turn)
            opened.append(job_id)
            async with self.sending:
                await self.world.create_job(job_id, renter=RENTER, provider=self.market.provider(turn))
            await self._hand_in(job_id)
        return opened

    async def reactor(
        self, settings: Mapping[str, str] = NONE, *, deadly: Point | None = None, is_watched: bool = False
    ) -> Running:
        """Start `lamda react`; these settings go before those of the marketplace."""
        given = {**self.settings(), **settings}
        born = await self.nursery.bear(
            "react", settings=given, folder=self.folder, is_watched=is_watched, deadly=deadly
        )
        self.reactors.append(born)
        return born

    async def signing_reactor(self, settings: Mapping[str, str] = NONE) -> Running:
        """Start `lamda react` and return when it has credited something: it signs whatever comes next at once."""
        born = await self.reactor(settings)
        await self.open_jobs()
        await self.goes_on(1)
        return born

    async def start_indexer(self) -> None:
        """Start `lamda index`."""
        settings = settings_of(self.world, self.database_url)
        paces = {"BSC_POLL_SECONDS": "0.05", "OPBNB_POLL_SECONDS": "0.05"}
        given = {**settings, **paces, **self.given}
        self.indexer = await self.nursery.bear("index", settings=given, folder=self.folder)

    def settings(self) -> dict[str, str]:
        """Return what an operator would give the programs."""
        return {
            **settings_of(self.world, self.database_url),
            "OPBNB_RPC_URL": self.endpoint.url,
            "NATS_URL": self.nats.url,
            "NATS_CALLOUT_SEED": self.nats.callout_seed,
            "ADMIN_WALLET_PRIVATE_KEY": private_key(DEPLOYER).hex(),
            **self.given,
        }

    async def credited(self) -> Counter[int]:
        """Return how many jobs of each provider the contract has counted, as it says itself."""
        return Counter({number: count for number in PROVIDERS if (count := await self.count_of(number))})

    async def count_of(self, provider: int) -> int:
        """Return the contract's own count of a provider."""
        data = call_data("successfulJobsCount(address)", show_bytes(self.market.provider(provider)))
        call = {"to": show_bytes(self.world.node_reputation.contract), "data": show_bytes(data)}
        return int(await self.world.opbnb.ask("eth_call", call, "latest"), 16)

    async def hand_in_again(self) -> None:
        """Hand in what to run for every job that the database knows no spec of, as renters do whose page says so."""
        known = {job_id for (job_id,) in await self.market.ask("select job_id from job_specs")}
        for job_id in self.jobs.keys() - known:
            await self._hand_in(job_id)

    async def goes_on(self, more: int = 4, *, within: float = 30) -> None:
        """Return when so many more jobs are credited."""
        least = (await self.credited()).total() + more

        async def is_so() -> bool:
            return (await self.credited()).total() >= least

        await until(is_so, within=within, what=f"{more} more credits")

    async def waits_in_pool(self, least: int = 1) -> None:
        """Return when opBNB, which is still, has so many transactions of ours in its pool."""

        async def is_so() -> bool:
            return int((await self.world.opbnb.ask("txpool_status"))["pending"], 16) >= least

        await until(is_so, within=30, what=f"{least} transactions in the pool")

    def due(self) -> Counter[int]:
        """Return how many jobs of each provider were confirmed: what must be credited."""
        return Counter(job.provider for job in self.jobs.values() if job.is_confirmed)

    async def live(self) -> None:
        """Let blocks be made, agents work and renters confirm, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for chain in (self.world.bsc, self.world.opbnb):
                group.create_task(self._make_blocks(chain))
            for agent in self.agents.values():
                group.create_task(agent.serve())
            group.create_task(self._accept_results())
            group.create_task(self._order_jobs())

    async def empty_bus(self) -> None:
        """Take all streams off the bus, with everything on them."""
        async with open_bus(self.nats.url, program="test") as bus:
            for stream in await bus.jetstream.streams_info():
                await bus.jetstream.delete_stream(str(stream.config.name))

    async def _order_jobs(self) -> None:
        while True:
            if self.jobs_a_second and len(self.jobs) - self.due().total() < OPEN_JOBS_MAX:
                with suppress(*DATABASE_AWAY):
                    await self.open_jobs()
            await asyncio.sleep(1 / (self.jobs_a_second or 1 / LOOK_SECONDS))

    async def _make_blocks(self, chain: LocalChain) -> None:
        while True:
            if chain not in self.still:
                async with self.sending:
                    with suppress(TryAgain):
                        await chain.ask("evm_mine")
            await asyncio.sleep(BLOCK_SECONDS)

    async def _accept_results(self) -> None:
        while True:
            with suppress(*DATABASE_AWAY):
                await self._accept_each()
            await asyncio.sleep(LOOK_SECONDS)

    async def _accept_each(self) -> None:
        for (job_id,) in await self.market.ask(FINISHED):
            job = self.jobs[job_id]
            if not job.is_confirmed:
                job.is_confirmed = True
                async with self.sending:
                    await self.world.confirm(job_id, renter=RENTER)

    async def _hand_in(self, job_id: bytes) -> None:
        with suppress(psycopg.errors.UniqueViolation):  # It has been handed in meanwhile.
            await self.market.hand_in(job_id, renter=RENTER)


async def until(true: Callable[[], Any], *, within: float, what: str) -> None:
    """Return when a question, asked again and again, is answered with yes; an outage of Postgres is waited out."""
    try:
        async with asyncio.timeout(within):
            while True:
                with suppress(*DATABASE_AWAY):
                    answer = true()
                    if answer is True or (answer is not False and await answer):
                        return
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        raise AssertionError(f"not within {within:g} s: {what}") from None


async def _is_final(marketplace: Marketplace) -> bool:
    ((chains,),) = await marketplace.market.ask("select count(*) from checkpoints where final_through > 0")
    return bool(chains == len(Chain))


@asynccontextmanager
async def living(marketplace: Marketplace) -> AsyncIterator[Marketplace]:
    """Let the marketplace live for as long as the block lasts."""
    await marketplace.start_indexer()
    assert marketplace.indexer is not None
    life = asyncio.create_task(marketplace.live())
    try:
        await until(lambda: _is_final(marketplace), within=30, what="both chains have final blocks")
        yield marketplace
    finally:
        await marketplace.indexer.kill()
        life.cancel()
        with suppress(asyncio.CancelledError):
            await life
