"""
The world of a data folder, running: its two chains with the contracts on them.

`devnet.world` decides whether it is the world of the last run or a new one. Here it is started, told in settings to
whoever wants to follow it, stopped, and at the very end marked as stopped in order.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from chain.contracts import Deployed
from devnet.anvil import BSC, OPBNB, Anvil
from devnet.deploy import deploy_contracts
from devnet.world import Begin, Continue, Place, World, WorldFolder, begun, choose, stopped
from models.values import checksum_address
from runtime.ports import alone_with_ports, prefer
from runtime.race import race

BSC_PORT = 8545
OPBNB_PORT = 8546


class LocalWorld:
    """Two local chains that outlast a stop in order. The data folder must be ours alone."""

    def __init__(self, data: Path) -> None:
        self._folder = WorldFolder(data)
        last = self._folder.last()
        new = World(id=secrets.token_hex(4), bsc_port=BSC_PORT, opbnb_port=OPBNB_PORT)
        self.decision: Begin | Continue = choose(last, chains_saved=self._folder.chains_saved(last), new=new)
        self.world = self.decision.world
        self._take_free_ports()
        self._is_written_out = False

    def folder(self, part: str) -> Path:
        """Return the folder of something that lives and dies with this world."""
        return self._folder.chain_folder(self.world, part)

    async def start(self) -> None:
        """Start the chains, and put the contracts on them the first time."""
        self._folder.forget_chains_of_others(self.world)
        async with alone_with_ports():
            # Others may have taken them while Postgres was starting: worlds are often begun side by side.
            self._take_free_ports()
            self._remember(begun(self.world))
            await self.bsc.start()
            await self.opbnb.start()
        if not self.world.is_whole:
            await race(self.watch(), self._deploy())

    async def watch(self) -> None:
        """Raise `ServerFailed` as soon as a chain ends; never return."""
        await race(self.bsc.watch(), self.opbnb.watch())

    async def stop(self) -> None:
        """Stop the chains, which writes them out. Whoever uses them must have ended."""
        codes = [await self.bsc.stop(), await self.opbnb.stop()]
        # None is a chain that was not started: what was written out before still stands.
        self._is_written_out = all(code in (0, None) for code in codes)

    def seal(self) -> bool:
        """Mark the world as stopped in order, if it was, and say whether it can go on. To be done last of all."""
        if self._is_written_out and self.world.is_whole:
            self._remember(stopped(self.world))
        return self.world.clean

    def settings(self) -> Mapping[str, str]:
        """Return the settings by which programs find the chains and contracts."""
        job_manager, node_reputation = self.world.job_manager, self.world.node_reputation
        if job_manager is None or node_reputation is None:
            raise RuntimeError("the world has not been started")
        return {
            "BSC_RPC_URL": self.bsc.url,
            "BSC_CHAIN_ID": str(BSC.chain_id),
            "BSC_START_BLOCK": str(job_manager.block),
            "JOB_MANAGER_CONTRACT_ADDRESS": job_manager.address,
            "OPBNB_RPC_URL": self.opbnb.url,
            "OPBNB_CHAIN_ID": str(OPBNB.chain_id),
            "OPBNB_START_BLOCK": str(node_reputation.block),
            "NODE_REPUTATION_CONTRACT_ADDRESS": node_reputation.address,
        }

    async def _deploy(self) -> None:
        contracts = await deploy_contracts(bsc_url=self.bsc.url, opbnb_url=self.opbnb.url)
        places = {"job_manager": _place(contracts.job_manager), "node_reputation": _place(contracts.node_reputation)}
        self._remember(replace(self.world, **places))

    def _take_free_ports(self) -> None:
        self.world = replace(self.world, bsc_port=prefer(self.world.bsc_port), opbnb_port=prefer(self.world.opbnb_port))
        self.bsc = Anvil(BSC, folder=self.folder(BSC.name), port=self.world.bsc_port)
        self.opbnb = Anvil(OPBNB, folder=self.folder(OPBNB.name), port=self.world.opbnb_port)

    def _remember(self, world: World) -> None:
        self._folder.save(world)
        self.world = world


def _place(contract: Deployed) -> Place:
    return Place(address=checksum_address(contract.address), block=contract.block)
