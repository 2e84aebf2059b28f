"""
Put the two contracts on two local chains, `JobManager` on the one like BSC and `NodeReputation` on the one like opBNB.

Account 0 deploys both and owns `NodeReputation`. Remembering where they are is left to whoever runs the chains.
"""

import asyncio
from dataclasses import dataclass

from chain.connection import Connection
from chain.contracts import Deployed, deploy
from chain.wallet import Wallet
from devnet.accounts import DEPLOYER, private_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracts:
    """Where the two contracts are."""

    job_manager: Deployed
    node_reputation: Deployed


async def deploy_contracts(*, bsc_url: str, opbnb_url: str) -> Contracts:
    """Deploy both contracts and return where they are."""
    async with Connection(bsc_url) as bsc, Connection(opbnb_url) as opbnb:
        job_manager, node_reputation = await asyncio.gather(
            deploy(Wallet(bsc, private_key(DEPLOYER)), "JobManager"),
            deploy(Wallet(opbnb, private_key(DEPLOYER)), "NodeReputation"),
        )
    return Contracts(job_manager=job_manager, node_reputation=node_reputation)
