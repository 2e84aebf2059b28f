"""One local chain for the tests of contract calls, with the two contracts on it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from chain.connection import Connection
from chain.contracts import JobManager, NodeReputation, deploy
from chain.wallet import Wallet
from devnet.accounts import DEPLOYER, private_key
from tests.integration.anvils import anvil


@pytest.fixture(scope="session")
def chain_url() -> Iterator[str]:
    """The URL of a chain that mines fast."""
    with anvil(chain_id=5611, block_seconds=0.1) as url:
        yield url


@pytest.fixture(scope="session")
async def connection(chain_url: str) -> AsyncIterator[Connection]:
    """A connection to it."""
    async with Connection(chain_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def deployer(connection: Connection) -> Wallet:
    """The wallet that owns what is deployed."""
    return Wallet(connection, private_key(DEPLOYER))


@pytest.fixture(scope="session")
async def jobs(deployer: Wallet) -> JobManager:
    """A JobManager on it."""
    return JobManager(deployer.connection, (await deploy(deployer, "JobManager")).address)


@pytest.fixture(scope="session")
async def reputation(deployer: Wallet) -> NodeReputation:
    """A NodeReputation on it."""
    return NodeReputation(deployer.connection, (await deploy(deployer, "NodeReputation")).address)
