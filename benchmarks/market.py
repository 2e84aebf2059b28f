"""
A market to measure: two local chains as fast as the real ones, with contracts, indexer, NATS and Postgres.

Indexer and reactor are the real programs in processes of their own, with their default settings.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import migrations
from benchmarks import market_store
from chain.connection import Connection
from chain.contracts import JobManager
from devnet.accounts import DEPLOYER, private_key
from devnet.anvil import Anvil, Flavour
from devnet.deploy import Contracts, deploy_contracts
from models.values import checksum_address, parse_address, show_bytes
from runtime.bus import Bus, open_bus
from runtime.database import Pool, open_pool
from runtime.embedded_nats import EmbeddedNats
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.processes import Child, Program

BSC = Flavour(name="bsc", chain_id=56, block_seconds=0.45, slots_in_an_epoch=1)
OPBNB = Flavour(name="opbnb", chain_id=204, block_seconds=0.25, slots_in_an_epoch=4)
RENTER, PROVIDERS = 1, range(5, 10)
GAS = hex(400_000)
GWEI = 10**9
WAIT_SECONDS_MAX = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Everything but the reactor."""

    bsc: Anvil
    opbnb: Anvil
    contracts: Contracts
    pool: Pool
    bus: Bus
    accounts: Sequence[bytes]
    settings: dict[str, str]
    folder: Path
    # Counted by us: asked while it makes a block, anvil may give two transactions one nonce.
    nonces: Iterator[int] = field(default_factory=count)

    async def create(self, job_id: bytes) -> None:
        """Put a job into BSC's pool; providers take turns."""
        provider = self.accounts[PROVIDERS[int.from_bytes(job_id) % len(PROVIDERS)]]
        await self._send(self._job_manager.call_data("createJob", job_id, show_bytes(provider)), wei=10)

    async def confirm(self, job_id: bytes) -> None:
        """Put a job's confirmation into BSC's pool."""
        await self._send(self._job_manager.call_data("confirmResult", job_id), wei=0)

    async def hand_in(self, job_ids: Sequence[bytes]) -> None:
        """Hand in what to run."""
        await market_store.hand_in(self.pool, job_ids, self.accounts[RENTER])

    @asynccontextmanager
    async def running(self, *words: str) -> AsyncIterator[None]:
        """Run `lamda` with these words for as long as the block lasts."""
        log = self.folder / f"{words[0]}.log"
        command = (sys.executable, "-m", "lamda", *words)
        child = Child(Program(name=words[0], command=command, log=log, environment=self.settings))
        await child.start()
        try:
            yield
        finally:
            await child.stop()

    @property
    def _job_manager(self) -> JobManager:
        return JobManager(Connection(self.bsc.url), self.contracts.job_manager.address)

    async def _send(self, data: bytes, *, wei: int) -> None:
        transaction = {
            "from": show_bytes(self.accounts[RENTER]),
            "to": show_bytes(self.contracts.job_manager.address),
            "data": show_bytes(data),
            "value": hex(wei),
            "gas": GAS,
            # Of its own accord anvil offers today's price, and drops what full blocks have made too cheap.
            "maxFeePerGas": hex(GWEI),
            "maxPriorityFeePerGas": hex(GWEI),
            "nonce": hex(next(self.nonces)),
        }
        await self.bsc.call("eth_sendTransaction", transaction)


@asynccontextmanager
async def open_market(folder: Path) -> AsyncIterator[Market]:
    """Run a market in a folder, indexed, without a reactor."""
    async with AsyncExitStack() as stack:
        bsc = await stack.enter_async_context(Anvil(BSC, folder=folder / "bsc"))
        opbnb = await stack.enter_async_context(Anvil(OPBNB, folder=folder / "opbnb"))
        contracts = await deploy_contracts(bsc_url=bsc.url, opbnb_url=opbnb.url)
        postgres, nats = EmbeddedPostgres(folder / "postgres"), EmbeddedNats(folder / "nats")
        for server in (postgres, nats):
            await server.start()
            stack.push_async_callback(server.stop)
        url = await postgres.create_database("market")
        await asyncio.to_thread(migrations.upgrade, url)
        market = Market(
            bsc=bsc,
            opbnb=opbnb,
            contracts=contracts,
            pool=await stack.enter_async_context(open_pool(url, program="benchmark", size=2)),
            bus=await stack.enter_async_context(open_bus(nats.url, program="benchmark")),
            accounts=[parse_address(each) for each in await bsc.call("eth_accounts")],
            settings=_settings(bsc, opbnb, contracts, url, nats),
            folder=folder,
        )
        await stack.enter_async_context(market.running("index"))
        await until(lambda: market_store.are_followed(market.pool))
        yield market


async def until(reached: Callable[[], Awaitable[bool]], *, pause_seconds: float = 0.05) -> None:
    """Return when something is so."""
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while not await reached():
            await asyncio.sleep(pause_seconds)


def _settings(bsc: Anvil, opbnb: Anvil, contracts: Contracts, url: str, nats: EmbeddedNats) -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "NATS_URL": nats.url,
        "NATS_CALLOUT_SEED": nats.callout_seed,
        "ADMIN_WALLET_PRIVATE_KEY": private_key(DEPLOYER).hex(),
        "BSC_RPC_URL": bsc.url,
        "BSC_CHAIN_ID": str(BSC.chain_id),
        "BSC_START_BLOCK": str(contracts.job_manager.block),
        "JOB_MANAGER_CONTRACT_ADDRESS": checksum_address(contracts.job_manager.address),
        "OPBNB_RPC_URL": opbnb.url,
        "OPBNB_CHAIN_ID": str(OPBNB.chain_id),
        "OPBNB_START_BLOCK": str(contracts.node_reputation.block),
        "NODE_REPUTATION_CONTRACT_ADDRESS": checksum_address(contracts.node_reputation.address),
    }
