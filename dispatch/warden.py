"""
Put out whoever must not be in any more.

    read    who is connected as an agent, and what each has sent, from the servers themselves
    decide  who floods, and whose credential is no longer good
    commit  bars, each with its reason
    act     end those connections

Level-triggered: what a revocation, a bar or an expiry that we did not see has left connected is found at the next
look. Needs a user of the system account; a server without one ends logins by their own short lives (`door`).
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog
from nats.errors import Error
from nats.errors import TimeoutError as NothingCame

from dispatch import connection_values
from dispatch.connection_values import Allowance, Connected
from dispatch.credential_store import CredentialStore
from dispatch.floods import BARRED_FOR
from models.values import checksum_address
from runtime.bus import Bus
from runtime.lifecycle import heed_cancellation, pause
from runtime.nats_configuration import AGENTS_ACCOUNT

EVERY_SECONDS = 2.0
GATHER_SECONDS = 0.25
"""How long the servers of a cluster may take to answer, one after the other."""

FIRST_SECONDS = 5.0
PAGE = 1_000
CONNECTIONS = "$SYS.REQ.SERVER.PING.CONNZ"
KICK = "$SYS.REQ.SERVER.{server}.KICK"

logger = structlog.get_logger()


class Warden:
    """The connections of agents; `system` is a connection of the system account."""

    def __init__(self, system: Bus, credentials: CredentialStore) -> None:
        self._system = system
        self._credentials = credentials
        self._allowances: dict[bytes, Allowance] = {}
        self._looked_at = time.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Look after connections until told to stop."""
        logger.info("warden.watching")
        while not stop.is_set():
            await self.step()
            heed_cancellation()
            await pause(stop, EVERY_SECONDS)

    async def step(self) -> int:
        """End the connections that must not be, and return how many those were."""
        connected = [each async for each in self._connected()]
        flooding = self._flooding(connected)
        ended = await self._credentials.ended({each.credential for each in connected})
        for address, reason in flooding.items():
            logger.warning("warden.flood", provider=checksum_address(address), reason=reason)
            await self._credentials.bar(address, reason, lasts=BARRED_FOR)
        put_out = connection_values.unwelcome(connected, ended=ended, flooding=flooding)
        for each in {one.key: one for one in (*put_out, *connection_values.surplus(connected))}.values():
            await self._kick(each)
        return len(put_out)

    def _flooding(self, connected: list[Connected]) -> dict[bytes, str]:
        now = time.monotonic()
        seconds, self._looked_at = now - self._looked_at, now
        self._allowances = connection_values.allow_all(self._allowances, connected, seconds=seconds)
        return connection_values.floods(connected, self._allowances)

    async def _kick(self, connected: Connected) -> None:
        logger.info("warden.put_out", provider=checksum_address(connected.address), credential=connected.credential)
        body = json.dumps({"cid": connected.number}).encode()
        await self._system.client.request(KICK.format(server=connected.server), body, timeout=FIRST_SECONDS)

    async def _connected(self) -> AsyncIterator[Connected]:
        """Yield the connections of agents on all servers, page by page."""
        offset = 0
        while True:
            pages = await self._page(offset)
            for page in pages:
                for each in page.get("connections") or []:
                    if (found := _read(page, each)) is not None:
                        yield found
            offset += PAGE
            if all(page["total"] <= offset for page in pages):
                return

    async def _page(self, offset: int) -> list[dict[str, Any]]:
        client = self._system.client
        question = {"auth": True, "acc": AGENTS_ACCOUNT, "limit": PAGE, "offset": offset}
        inbox = client.new_inbox()
        answers = await client.subscribe(inbox)
        try:
            await client.publish(CONNECTIONS, json.dumps(question).encode(), reply=inbox)
            pages = [json.loads((await answers.next_msg(timeout=FIRST_SECONDS)).data)["data"]]
            with suppress(NothingCame):
                while True:
                    pages.append(json.loads((await answers.next_msg(timeout=GATHER_SECONDS)).data)["data"])
            return pages
        finally:
            with suppress(Error):
                await answers.unsubscribe()


def _read(page: dict[str, Any], connection: dict[str, Any]) -> Connected | None:
    """Return a connection that was let in by our door, or None for another."""
    named = connection_values.read_name(connection.get("authorized_user", ""))
    if named is None:
        return None
    age = datetime.fromisoformat(page["now"]) - datetime.fromisoformat(connection["start"])
    return Connected(
        server=page["server_id"],
        number=connection["cid"],
        address=named[0],
        credential=named[1],
        age_seconds=max(0.0, age.total_seconds()),
        messages=connection["in_msgs"],
        size=connection["in_bytes"],
        subscriptions=connection["subscriptions"],
    )
