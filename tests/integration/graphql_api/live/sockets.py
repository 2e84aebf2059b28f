"""A client of graphql-transport-ws that does as it is told, and not as the protocol says."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.integration.graphql_api.client import PATIENCE_SECONDS, Client

CHANGES = "subscription { jobChanges { jobId } }"


class Wire:
    """One WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, text: str | bytes) -> None:
        """Send anything."""
        await (self.socket.send_str(text) if isinstance(text, str) else self.socket.send_bytes(text))

    async def send(self, **message: Any) -> None:
        """Send a message."""
        await self.say(json.dumps(message))

    async def subscribe(self, query: str, name: str = "1", **variables: Any) -> None:
        """Ask something."""
        await self.send(type="subscribe", id=name, payload={"query": query, "variables": variables})

    async def hear(self) -> Any:
        """Return the next message."""
        return await self.socket.receive_json(timeout=PATIENCE_SECONDS)

    async def settle(self) -> None:
        """Return when everything sent so far was taken in."""
        await self.send(type="ping")
        assert await self.hear() == {"type": "pong"}

    async def closed(self) -> tuple[int | None, str]:
        """Wait for the server to close the connection and return its code and reason."""
        while (message := await self.socket.receive(timeout=PATIENCE_SECONDS)).type is aiohttp.WSMsgType.TEXT:
            pass
        return self.socket.close_code, message.extra or ""


@asynccontextmanager
async def connected(api: Client, **headers: str) -> AsyncIterator[Wire]:
    """Connect, and say nothing."""
    protocols = ["graphql-transport-ws"]
    async with api.session.ws_connect(f"{api.url}/graphql", protocols=protocols, headers=headers) as socket:
        yield Wire(socket)


@asynccontextmanager
async def greeted(api: Client, **payload: Any) -> AsyncIterator[Wire]:
    """Connect, and be let in."""
    async with connected(api) as wire:
        await wire.send(type="connection_init", payload=payload)
        assert (await wire.hear())["type"] == "connection_ack"
        yield wire
