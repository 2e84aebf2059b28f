"""
The devnet as a program: chains, contracts on them, and actors who rent and provide, until told to stop.

What the settings name is used; what they do not name is made: chains that last as long as the program, and
contracts deployed by anvil's first account. The settings that other programs need are told as soon as they are known.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from chain.contracts import Deployed
from devnet import actors
from devnet.anvil import BSC, OPBNB, Anvil, Flavour
from devnet.deploy import Contracts, deploy_contracts
from models.values import checksum_address
from runtime.settings import DevnetSettings


async def devnet(settings: DevnetSettings, stop: asyncio.Event, *, tell: Callable[[str], object]) -> None:
    """Run the world until told to stop; `tell` hears the settings of each program that wants to follow it."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="lamda-devnet-")))
        bsc_url = await _chain(stack, BSC, settings.bsc_rpc_url, folder)
        opbnb_url = await _chain(stack, OPBNB, settings.opbnb_rpc_url, folder)
        contracts = _named(settings) or await deploy_contracts(bsc_url=bsc_url, opbnb_url=opbnb_url)
        tell(_as_settings(bsc_url, opbnb_url, contracts))
        world = actors.World(
            bsc_url=bsc_url,
            opbnb_url=opbnb_url,
            contracts=contracts,
            api_url=settings.api_url,
            bsc_chain_id=settings.bsc_chain_id,
        )
        await actors.run(world, stop)


async def _chain(stack: AsyncExitStack, flavour: Flavour, urls: tuple[str, ...] | None, folder: Path) -> str:
    if urls is not None:
        return urls[0]
    anvil = await stack.enter_async_context(Anvil(flavour, folder=folder / flavour.name))
    return anvil.url


def _named(settings: DevnetSettings) -> Contracts | None:
    job_manager, node_reputation = (
        settings.job_manager_contract_address,
        settings.node_reputation_contract_address,
    )
    if job_manager is None or node_reputation is None:
        return None
    return Contracts(
        job_manager=Deployed(address=job_manager, block=settings.bsc_start_block),
        node_reputation=Deployed(address=node_reputation, block=settings.opbnb_start_block),
    )


def _as_settings(bsc_url: str, opbnb_url: str, contracts: Contracts) -> str:
    values = {
        "BSC_RPC_URL": bsc_url,
        "JOB_MANAGER_CONTRACT_ADDRESS": checksum_address(contracts.job_manager.address),
        "BSC_START_BLOCK": contracts.job_manager.block,
        "OPBNB_RPC_URL": opbnb_url,
        "NODE_REPUTATION_CONTRACT_ADDRESS": checksum_address(contracts.node_reputation.address),
        "OPBNB_START_BLOCK": contracts.node_reputation.block,
    }
    return "\n".join(f"{name}={value}" for name, value in values.items())
