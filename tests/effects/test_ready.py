"""A reactor is ready while database and bus answer and no person has to come to its signer."""

from typing import Any

import aiohttp
import pytest

from runtime.ports import LOOPBACK, free_port
from tests.effects.marketplace import Marketplace, until

pytestmark = pytest.mark.long


class Looking:
    """Somebody who asks a reactor; `told` is its newest answer."""

    def __init__(self, port: int) -> None:
        self._url = f"http://{LOOPBACK}:{port}/ready"
        self.told: dict[str, Any] = {}

    async def until_ready(self, wanted: bool, *, because: str = "") -> None:
        """Return when the reactor says that it is ready, or is not and why."""

        async def is_so() -> bool:
            try:
                async with aiohttp.ClientSession() as session, session.get(self._url) as response:
                    self.told = await response.json()
            except aiohttp.ClientConnectionError:
                return False
            is_ready = response.status == 200 and self.told["ready"]
            return is_ready is wanted and because in str(self.told)

        await until(is_so, within=60, what=f"ready is {wanted}, {because}")

    def ready_needs(self) -> set[str]:
        """Return which needs were met."""
        return {name for name, each in self.told["needs"].items() if each["ready"]}


async def test_a_reactor_says_what_it_lacks(marketplace: Marketplace) -> None:
    """NATS goes and comes; the signer is halted, and a person lets it go on."""
    port = free_port()
    looking = Looking(port)
    await marketplace.reactor({"METRICS_PORT": str(port)})
    await looking.until_ready(True)

    await marketplace.nats.stop()
    await looking.until_ready(False, because="no connection to NATS")
    without_bus = looking.ready_needs()
    await marketplace.nats.start()
    await looking.until_ready(True)
    await marketplace.market.ask("update signers set halted_reason = 'nonce 7 is not ours'")
    await looking.until_ready(False, because="halted until a person has looked: nonce 7 is not ours")
    halted = looking.ready_needs()
    await marketplace.market.ask("update signers set halted_reason = null")
    await looking.until_ready(True)

    assert without_bus == {"database", "signer"}
    assert halted == {"database", "bus"}
