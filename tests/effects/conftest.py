"""A marketplace of the test's own, on fresh chains, a fresh database and a fresh NATS."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from chain.rpc import Rpc
from devnet.anvil import Anvil, Flavour
from indexer.values import Followed
from models.values import Chain
from runtime.database import Pool
from runtime.embedded_nats import EmbeddedNats
from tests.effects.agents import WellBehaved
from tests.effects.marketplace import PROVIDERS, Marketplace, living
from tests.effects.programs import Nursery, nursing
from tests.integration.dispatch.agency import Market, nats
from tests.integration.indexer.conftest import Indexing, pool
from tests.integration.local_chain import LocalChain, World
from tests.integration.meddler import meddling

__all__ = ["nats", "pool"]

SLOTS_IN_AN_EPOCH = 2  # A block is final four blocks later.
CREDENTIAL_SECONDS = 86_400


@asynccontextmanager
async def chain(chain_id: int, folder: Path) -> AsyncIterator[LocalChain]:
    """Run a chain that makes blocks when told to."""
    flavour = Flavour(name=folder.name, chain_id=chain_id, block_seconds=None, slots_in_an_epoch=SLOTS_IN_AN_EPOCH)
    async with Anvil(flavour, folder=folder) as anvil, Rpc([anvil.url]) as rpc:
        yield await LocalChain.open(anvil.url, rpc)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Both chains, with their contracts."""
    async with chain(56, tmp_path / "bsc") as bsc, chain(204, tmp_path / "opbnb") as opbnb:
        job_manager, node_reputation = await bsc.deploy("JobManager"), await opbnb.deploy("NodeReputation")
        yield World(
            bsc=bsc,
            opbnb=opbnb,
            job_manager=Followed(chain=Chain.BSC, chain_id=56, contract=job_manager, start_block=1),
            node_reputation=Followed(chain=Chain.OPBNB, chain_id=204, contract=node_reputation, start_block=1),
        )


@pytest.fixture
async def nursery(tmp_path: Path) -> AsyncIterator[Nursery]:
    """Where the programs of the test are born, and end with it."""
    async with nursing(tmp_path) as opened:
        yield opened


@pytest.fixture
async def marketplace(
    world: World, pool: Pool, database_url: str, nats: EmbeddedNats, nursery: Nursery
) -> AsyncIterator[Marketplace]:
    """A marketplace in full swing, but for a reactor."""
    # Indexed by a program of its own: there is nobody to step here.
    market = Market(world=world, index=Indexing(pool, {}, {}), pool=pool)
    async with AsyncExitStack() as stack:
        endpoint = await stack.enter_async_context(meddling(world.opbnb.url))
        agents = {}
        for number in PROVIDERS:
            token = f"token of {number}"
            await market.credential(number, token, seconds=CREDENTIAL_SECONDS)
            agents[number] = WellBehaved(market.provider(number), token, nats)
        opened = Marketplace(
            world=world, market=market, nats=nats, nursery=nursery, endpoint=endpoint,
            database_url=database_url, agents=agents,
        )  # fmt: skip
        yield await stack.enter_async_context(living(opened))
