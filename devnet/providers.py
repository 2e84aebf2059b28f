"""
Providers of the local world: each has a graphics card, is registered, beats, and claims what was confirmed.
"""

from dataclasses import dataclass

import structlog

from chain.contracts import JobManager, NodeReputation
from chain.wallet import Wallet
from devnet.board import Job
from models.values import checksum_address

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A graphics card, by the name and the memory that nvidia-smi prints."""

    model: bytes
    vram_mib: int


CARDS = (
    Card(model=b"NVIDIA GeForce RTX 4090", vram_mib=24564),
    Card(model=b"NVIDIA GeForce RTX 3090", vram_mib=24576),
    Card(model=b"NVIDIA A100-SXM4-80GB", vram_mib=81920),
    Card(model=b"NVIDIA H100 80GB HBM3", vram_mib=81559),
    Card(model=b"NVIDIA L4", vram_mib=23034),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider: the same account on both chains."""

    card: Card
    reputation: NodeReputation
    jobs: JobManager
    on_opbnb: Wallet
    on_bsc: Wallet

    @property
    def address(self) -> bytes:
        """Return the provider's address."""
        return self.on_opbnb.address

    async def step(self) -> None:
        """Register, where that is not done yet, or beat."""
        known = await self.reputation.provider(self.address)
        if known.is_registered and (known.gpu_model, known.vram_mib) == (self.card.model, self.card.vram_mib):
            await self._beat()
        else:
            await self._register()

    async def claim(self, job: Job) -> None:
        """Ask for the payment of a confirmed job."""
        await self.jobs.claim_reward(self.on_bsc, job.job_id)

    async def _register(self) -> None:
        sent = await self.reputation.register_node(
            self.on_opbnb, gpu_model=self.card.model, vram_mib=self.card.vram_mib
        )
        await self.reputation.connection.receipt(sent)
        logger.info(
            "provider.registered",
            provider=checksum_address(self.address),
            gpu_model=self.card.model.decode(),
            vram_mib=self.card.vram_mib,
        )

    async def _beat(self) -> None:
        await self.reputation.connection.receipt(await self.reputation.send_heartbeat(self.on_opbnb))
        logger.debug("provider.beat", provider=checksum_address(self.address))
