"""A marketplace for the tests of a file, on chains, a database and a NATS of its own; each test brings its reactors."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

import migrations
from chain.rpc import Rpc
from devnet.anvil import Anvil, Flavour
from indexer.values import Followed
from models.values import Chain
from runtime.database import Pool, open_pool
from runtime.embedded_nats import EmbeddedNats
from runtime.embedded_postgres import EmbeddedPostgres
from tests.effects.agents import WellBehaved
from tests.effects.marketplace import PROVIDERS, Marketplace, living
from tests.effects.programs import Nursery, nursing
from tests.integration.dispatch.agency import Market
from tests.integration.indexer.conftest import Indexing
from tests.integration.local_chain import LocalChain, World
from tests.integration.meddler import honest, meddling

pytest.register_assert_rewrite("tests.effects.proof")

SLOTS_IN_AN_EPOCH = 2  # A block is final four blocks later.
CREDENTIAL_SECONDS = 86_400


@pytest.fixture(scope="session")
async def nursery() -> AsyncIterator[Nursery]:
    """Where all programs are born."""
    async with nursing() as opened:
        yield opened


@pytest.fixture(scope="module")
async def town(
    postgres: EmbeddedPostgres, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Marketplace]:
    """A marketplace in full swing, but for a reactor."""
    async with open_marketplace(postgres, nursery, tmp_path_factory.mktemp("town")) as opened:
        yield opened


@pytest.fixture
async def marketplace(town: Marketplace) -> AsyncIterator[Marketplace]:
    """The town, and an end of all that a test did to it."""
    yield town
    await end_of_test(town)


async def end_of_test(marketplace: Marketplace) -> None:
    """Let nothing of a test go on."""
    marketplace.jobs_a_second = 0
    marketplace.still.clear()
    marketplace.endpoint.meddle = honest
    for reactor in marketplace.reactors:
        await reactor.kill()
    marketplace.reactors.clear()


@pytest.fixture
async def own_postgres(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server that may be killed and whose databases may be lost: what it has committed is there afterwards."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def own_marketplace(
    own_postgres: EmbeddedPostgres, nursery: Nursery, tmp_path: Path
) -> AsyncIterator[Marketplace]:
    """A marketplace in full swing, but for a reactor, on a Postgres of its own."""
    async with open_marketplace(own_postgres, nursery, tmp_path) as opened:
        yield opened
        await end_of_test(opened)


@asynccontextmanager
async def open_marketplace(
    postgres: EmbeddedPostgres, nursery: Nursery, folder: Path, *, begins_at: int | None = None
) -> AsyncIterator[Marketplace]:
    """Build a marketplace and let it live for as long as the block lasts; programs write their logs to `folder`."""
    async with AsyncExitStack() as stack:
        world, (url, pool), nats = await asyncio.gather(
            stack.enter_async_context(_world(folder, begins_at)),
            stack.enter_async_context(_database(postgres)),
            stack.enter_async_context(_nats(folder / "nats")),
        )
        # Indexed by a program of its own: there is nobody to step here.
        market = Market(world=world, index=Indexing(pool, {}, {}), pool=pool)
        marketplace = Marketplace(
            world=world,
            market=market,
            nats=nats,
            nursery=nursery,
            endpoint=await stack.enter_async_context(meddling(world.opbnb.url)),
            database_url=url,
            folder=folder,
            agents={number: await _agent(market, nats, number) for number in PROVIDERS},
        )
        yield await stack.enter_async_context(living(marketplace))


@asynccontextmanager
async def _world(folder: Path, begins_at: int | None) -> AsyncIterator[World]:
    chains = _chain(56, folder / "bsc", begins_at), _chain(204, folder / "opbnb", begins_at)
    async with chains[0] as bsc, chains[1] as opbnb:
        job_manager, node_reputation = await bsc.deploy("JobManager"), await opbnb.deploy("NodeReputation")
        yield World(
            bsc=bsc,
            opbnb=opbnb,
            job_manager=Followed(chain=Chain.BSC, chain_id=56, contract=job_manager, start_block=1),
            node_reputation=Followed(chain=Chain.OPBNB, chain_id=204, contract=node_reputation, start_block=1),
        )


@asynccontextmanager
async def _chain(chain_id: int, folder: Path, begins_at: int | None) -> AsyncIterator[LocalChain]:
    flavour = Flavour(
        name=folder.name,
        chain_id=chain_id,
        block_seconds=None,
        slots_in_an_epoch=SLOTS_IN_AN_EPOCH,
        begins_at=begins_at,
    )
    async with Anvil(flavour, folder=folder) as anvil, Rpc([anvil.url]) as rpc:
        yield await LocalChain.open(anvil.url, rpc)


@asynccontextmanager
async def _database(postgres: EmbeddedPostgres) -> AsyncIterator[tuple[str, Pool]]:
    name = f"effects_{secrets.token_hex(6)}"
    url = await postgres.create_database(name)
    await asyncio.to_thread(migrations.upgrade, url)
    async with open_pool(url, program="test", size=6) as pool:
        yield url, pool
    await postgres.drop_database(name)


@asynccontextmanager
async def _nats(folder: Path) -> AsyncIterator[EmbeddedNats]:
    server = EmbeddedNats(folder)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def _agent(market: Market, nats: EmbeddedNats, number: int) -> WellBehaved:
    token = f"token of {number}"
    await market.credential(number, token, seconds=CREDENTIAL_SECONDS)
    return WellBehaved(market.provider(number), token, nats)
