"""The API as a program of its own before a marketplace, to be stopped and started while somebody looks at its page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from lamda.readiness import wait_until_ready
from models.values import show_bytes
from runtime.ports import LOOPBACK, free_port
from tests.effects.marketplace import Marketplace
from tests.effects.programs import Running
from tests.integration.graphql_api.wallets import Wallet
from tests.integration.lamda.commands import settings_of

ADMIN = Wallet(0)
READY_SECONDS = 60.0
CARDS = ((5, b"NVIDIA GeForce RTX 4090", 24564), (6, b"NVIDIA H100 80GB HBM3", 81559), (7, b"NVIDIA L4", 23034))


@dataclass(slots=True, kw_only=True)
class Site:
    """Where the page is, and the marketplace that it shows."""

    marketplace: Marketplace
    port: int
    api: Running | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """Start the API and return when it answers, and its answers are fresh."""
        self.api = await self.marketplace.nursery.bear(
            "serve", settings=self._settings(), folder=self.marketplace.folder
        )
        assert await wait_until_ready(self.url, within_seconds=READY_SECONDS) == ""

    async def stop(self) -> None:
        """Stop the API in order, as a deployment does."""
        if self.api is not None:
            await self.api.end()

    async def open_job(self) -> str:
        """Create and pay for a job, say what to run, and return its id."""
        (job_id,) = await self.marketplace.open_jobs(1, provider=CARDS[0][0])
        return show_bytes(job_id)

    async def claim(self, job_id: str) -> None:
        """Have the provider of a job take its payment."""
        async with self.marketplace.sending:
            await self.marketplace.world.claim(bytes.fromhex(job_id[2:]), provider=CARDS[0][0])

    def _settings(self) -> dict[str, str]:
        return {
            **settings_of(self.marketplace.world, self.marketplace.database_url),
            "NATS_URL": self.marketplace.nats.url,
            "API_PORT": str(self.port),
            "ADMIN_ADDRESSES": ADMIN.address,
        }


@asynccontextmanager
async def serving(marketplace: Marketplace) -> AsyncIterator[Site]:
    """Serve a marketplace whose providers are there and whose reactor works, for as long as the block lasts."""
    for number, gpu_model, vram in CARDS:
        async with marketplace.sending:
            await marketplace.world.register(number, gpu_model, vram)
            await marketplace.world.beat(number)
    reactor = await marketplace.reactor()
    site = Site(marketplace=marketplace, port=free_port())
    await site.start()
    try:
        yield site
    finally:
        await site.stop()
        await reactor.kill()
