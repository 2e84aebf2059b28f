"""Two chains that mine on request, a migrated database, and a follower for each chain."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

import migrations
from chain.rpc import Rpc
from indexer import identity
from indexer.follower import Follower
from indexer.outcomes import Advanced, Idle, Outcome, Reached
from indexer.reader import Reader
from indexer.store import Store
from indexer.values import Followed
from models.values import Chain
from runtime.database import Connection, Pool, open_pool
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.ports import free_port
from tests.integration.anvils import anvil_binary, old_states
from tests.integration.indexer.tables import Contents, contents
from tests.integration.local_chain import LocalChain, World

OFFLINE_AFTER = timedelta(minutes=12)


@asynccontextmanager
async def local_chain(chain_id: int, *options: str) -> AsyncIterator[LocalChain]:
    port = free_port()
    with old_states() as where:
        process = await asyncio.create_subprocess_exec(
            *(anvil_binary(), "--port", str(port), "--chain-id", str(chain_id), *where),
            *("--silent", "--slots-in-an-epoch", "5", *options),
        )
        try:
            url = f"http://127.0.0.1:{port}"
            async with Rpc([url]) as rpc:
                yield await LocalChain.open(url, rpc)
        finally:
            process.terminate()
            await process.wait()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with local_chain(56) as bsc, local_chain(204) as opbnb:
        job_manager, node_reputation = await bsc.deploy("JobManager"), await opbnb.deploy("NodeReputation")
        yield World(
            bsc=bsc,
            opbnb=opbnb,
            job_manager=Followed(chain=Chain.BSC, chain_id=56, contract=job_manager, start_block=1),
            node_reputation=Followed(chain=Chain.OPBNB, chain_id=204, contract=node_reputation, start_block=1),
        )


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    await asyncio.to_thread(migrations.upgrade, database_url)
    async with open_pool(database_url, program="test", size=6) as opened:
        yield opened


class Indexing:
    """Both chains of a world followed into one database, step by step."""

    def __init__(self, pool: Pool, followers: dict[Chain, Follower], stores: dict[Chain, Store]) -> None:
        self.pool = pool
        self.followers = followers
        self.stores = stores

    async def settle(self) -> list[Outcome]:
        """Step each follower until it rests or is where it was to stop; return what happened."""
        outcomes: list[Outcome] = []
        for follower in self.followers.values():
            while not isinstance(outcome := await follower.step(), Idle | Reached):
                outcomes.append(outcome)
                assert len(outcomes) < 500, "the follower never rests"
        return outcomes

    async def undone(self) -> int:
        """Settle, and return how many blocks were taken back."""
        return sum(outcome.undone for outcome in await self.settle() if isinstance(outcome, Advanced))


class Ticking:
    """A clock that moves far with each look, so that empty blocks are committed at once."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 100.0
        return self._now


@asynccontextmanager
async def indexing(
    world: World, pool: Pool, *, to_block: int | None = None, offline_after: timedelta = OFFLINE_AFTER
) -> AsyncIterator[Indexing]:
    followers, stores = {}, {}
    async with AsyncExitStack() as stack:
        for followed in (world.job_manager, world.node_reputation):
            rpc = await stack.enter_async_context(Rpc([world.chain(followed.chain).url]))
            await identity.establish(pool, rpc, followed)
            store = Store(pool, followed, offline_after=offline_after)
            stores[followed.chain] = store
            followers[followed.chain] = Follower(Reader(rpc, followed), store, to_block=to_block, clock=Ticking())
        yield Indexing(pool, followers, stores)


async def fresh_index(world: World, postgres: EmbeddedPostgres) -> Contents:
    """Return the tables of an indexer that starts now, in a database of its own."""
    url = await postgres.create_database("fresh_index")
    await asyncio.to_thread(migrations.upgrade, url)
    async with open_pool(url, program="fresh", size=2) as pool, indexing(world, pool) as index:
        await index.settle()
        tables = await contents(pool)
    await postgres.drop_database("fresh_index")
    return tables


@pytest.fixture
async def index(world: World, pool: Pool) -> AsyncIterator[Indexing]:
    async with indexing(world, pool) as opened:
        yield opened


@pytest.fixture(scope="module")
async def migrated(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database of ours, which no test here changes for good."""
    url = await postgres.create_database("uptime")
    await asyncio.to_thread(migrations.upgrade, url)
    yield url
    await postgres.drop_database("uptime")


@pytest.fixture
async def connection(migrated: str) -> AsyncIterator[Connection]:
    """A connection to empty tables; all is taken back after the test."""
    async with (
        await psycopg.AsyncConnection.connect(migrated, options="-c timezone=UTC") as opened,
        opened.transaction(force_rollback=True),
    ):
        yield opened
