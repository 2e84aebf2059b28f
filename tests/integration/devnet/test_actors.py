"""The small world on two real chains: it lives, goes on after a stop, and survives what endpoints and chains do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from web3.types import RPCEndpoint

from chain.abi import EVENTS_BY_NAME
from chain.calls import LogFilter, logs_in
from chain.connection import Connection
from chain.contracts import JobManager, NodeReputation
from chain.decode import decode
from chain.rpc import Rpc
from chain.wallet import Wallet
from devnet.accounts import DEPLOYER, private_key
from devnet.actors import Pace, World, run
from devnet.deploy import deploy_contracts
from models.values import BlockRange
from tests.integration.anvils import anvil

HURRIED = Pace(job_seconds=0.2, confirm_seconds=0.4, claim_seconds=0.2, beat_seconds=0.3, look_seconds=0.1)
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def bsc_url() -> Iterator[str]:
    """A chain like BSC, but faster."""
    with anvil(chain_id=56, block_seconds=0.1) as url:
        yield url


@pytest.fixture(scope="module")
def opbnb_url() -> Iterator[str]:
    """A chain like opBNB, but faster."""
    with anvil(chain_id=204, block_seconds=0.1) as url:
        yield url


@pytest.fixture
async def world(bsc_url: str, opbnb_url: str) -> World:
    """A new world with contracts of its own."""
    contracts = await deploy_contracts(bsc_url=bsc_url, opbnb_url=opbnb_url)
    return World(bsc_url=bsc_url, opbnb_url=opbnb_url, contracts=contracts, pace=HURRIED)


@pytest.fixture
async def jobs(world: World, bsc_url: str) -> AsyncIterator[JobManager]:
    """The JobManager of that world."""
    async with Connection(bsc_url) as bsc:
        yield JobManager(bsc, world.contracts.job_manager.address)


@pytest.fixture
async def reputation(world: World, opbnb_url: str) -> AsyncIterator[NodeReputation]:
    """The NodeReputation of that world."""
    async with Connection(opbnb_url) as opbnb:
        yield NodeReputation(opbnb, world.contracts.node_reputation.address)


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    """Run a world for the length of the block, and see it end without an error, soon after it is told to."""
    stop = asyncio.Event()
    life = asyncio.create_task(run(world, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(life, timeout=20)


async def until(happened: Callable[[], Awaitable[bool]], *, seconds_max: float = 60.0) -> None:
    """Wait until something has happened."""
    async with asyncio.timeout(seconds_max):
        while not await happened():
            await asyncio.sleep(0.05)


async def events(world: World, name: str) -> list[tuple[Any, ...]]:
    """Return the arguments of each event of a name, in the order of its chain."""
    shape = EVENTS_BY_NAME[name]
    is_on_bsc = shape.contract == "JobManager"
    url = world.bsc_url if is_on_bsc else world.opbnb_url
    deployed = world.contracts.job_manager if is_on_bsc else world.contracts.node_reputation
    async with Rpc([url]) as rpc, Connection(url) as connection:
        blocks = BlockRange(first=deployed.block, last=await connection.web3.eth.block_number)
        logs = await rpc.ask(logs_in(blocks, LogFilter(address=deployed.address, topics=(shape.topic0,))))
    return [decode(log) for log in logs]


def reached(world: World, **counts: int) -> Callable[[], Awaitable[bool]]:
    """Return the question whether each event has happened at least so often."""

    async def ask() -> bool:
        return all([len(await events(world, name)) >= least for name, least in counts.items()])

    return ask


async def test_contracts_are_deployed_where_they_say(
    world: World, jobs: JobManager, reputation: NodeReputation
) -> None:
    """At their block there is code, one block earlier there was none, and account 0 owns NodeReputation."""
    for contract, deployed in ((jobs, world.contracts.job_manager), (reputation, world.contracts.node_reputation)):
        eth = contract.connection.web3.eth

        assert await eth.get_code(contract.address, deployed.block) != b""  # type: ignore[arg-type]
        assert await eth.get_code(contract.address, deployed.block - 1) == b""  # type: ignore[arg-type]

    assert await reputation.owner() == Wallet(reputation.connection, private_key(DEPLOYER)).address


async def test_the_world_lives(world: World, reputation: NodeReputation) -> None:
    """Providers register and beat, jobs are created, confirmed and claimed, within ten seconds."""
    async with running(world):
        everything = reached(world, NodeRegistered=5, NodeHeartbeat=10, JobCreated=5, JobConfirmed=3, PaymentClaimed=2)
        await until(everything, seconds_max=10)

    assert await reputation.total_providers() == await reputation.active_providers() == 5


@pytest.mark.parametrize(
    ("slow", "left_open"),
    [(replace(HURRIED, confirm_seconds=1000), "JobCreated"), (replace(HURRIED, claim_seconds=1000), "JobConfirmed")],
    ids=["unconfirmed", "unclaimed"],
)
async def test_the_world_goes_on_after_a_stop(world: World, jobs: JobManager, slow: Pace, left_open: str) -> None:
    """Jobs that were open at the stop are confirmed and claimed after it, and nobody registers twice."""
    async with running(replace(world, pace=slow)):
        await until(reached(world, **{"NodeRegistered": 5, left_open: 3}))
    created = (await jobs.statistics()).created

    async with running(world):
        await until(reached(world, PaymentClaimed=created, JobCreated=created + 1))

    assert len(await events(world, "NodeRegistered")) == 5


async def test_new_worlds_of_one_seed_are_alike(world: World) -> None:
    """The same renters ask the same providers for the same jobs at the same prices; another seed asks otherwise."""

    async def beginning(seed: int) -> list[tuple[Any, ...]]:
        contracts = await deploy_contracts(bsc_url=world.bsc_url, opbnb_url=world.opbnb_url)
        new = replace(world, contracts=contracts, seed=seed)
        async with running(new):
            await until(reached(new, JobCreated=3))
        return (await events(new, "JobCreated"))[:3]

    first, again, other = [await beginning(seed) for seed in (1, 1, 2)]

    assert first == again != other


async def test_an_endpoint_that_is_away_does_not_end_the_world(world: World, reputation: NodeReputation) -> None:
    """With BSC gone, providers still register and beat on opBNB."""
    async with running(replace(world, bsc_url=NOWHERE)):
        await until(reached(world, NodeRegistered=5, NodeHeartbeat=10))

    assert await reputation.active_providers() == 5


async def test_a_reorg_does_not_end_the_world(world: World, jobs: JobManager) -> None:
    """What a reorg took away is done again: in the end no job but the newest is open."""
    async with running(world):
        await until(reached(world, PaymentClaimed=3))
        await jobs.connection.web3.provider.make_request(RPCEndpoint("anvil_reorg"), [8, []])
        after = (await jobs.statistics()).created

        await until(reached(world, PaymentClaimed=after, JobCreated=after + 3))
