"""Ask the API as any program would: over HTTP, and over a WebSocket that speaks graphql-transport-ws."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

PATIENCE_SECONDS = 10.0


class Refused(AssertionError):
    """The API answered with errors."""


class Watching:
    """One subscription on a connection of its own."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def told(self) -> Any:
        """Return the next event's data; raise `Refused` when the subscription failed or ended."""
        message = await self.message()
        if message["type"] != "next" or message["payload"].get("errors"):
            raise Refused(message)
        return message["payload"]["data"]

    async def message(self) -> Any:
        """Return the next message about the subscription."""
        return await self._socket.receive_json(timeout=PATIENCE_SECONDS)

    async def closed(self) -> int | None:
        """Wait for the server to close the connection and return its code."""
        while (await self._socket.receive(timeout=PATIENCE_SECONDS)).type is aiohttp.WSMsgType.TEXT:
            pass
        return self._socket.close_code


class Client:
    """A client of one API."""

    def __init__(
        self,
        url: str,
        session: aiohttp.ClientSession,
        stop: Callable[[], Awaitable[None]] | None = None,
        *,
        token: str | None = None,
    ) -> None:
        self.url = url
        self.session = session
        self.token = token
        self._stop = stop

    def showing(self, token: str | None) -> "Client":
        """Return a client of the same API that shows the token of a session."""
        return Client(self.url, self.session, self._stop, token=token)

    async def stop(self) -> None:
        """End the API."""
        assert self._stop is not None, "this API is not ours to stop"
        await self._stop()

    async def respond(self, query: str, **variables: Any) -> Any:
        """Return the whole response to a query."""
        body = {"query": query, "variables": variables}
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        async with self.session.post(f"{self.url}/graphql", json=body, headers=headers) as response:
            return await response.json()

    async def ask(self, query: str, **variables: Any) -> Any:
        """Return the data that answers a query; raise `Refused` on any error."""
        answer = await self.respond(query, **variables)
        if answer.get("errors"):
            raise Refused(answer["errors"])
        return answer["data"]

    async def refusal(self, query: str, **variables: Any) -> Any:
        """Return the first error of a query that must have one."""
        return (await self.respond(query, **variables))["errors"][0]

    @asynccontextmanager
    async def watch(self, query: str, **variables: Any) -> AsyncIterator[Watching]:
        """Subscribe; whatever is committed from then on is told."""
        async with self.session.ws_connect(f"{self.url}/graphql", protocols=["graphql-transport-ws"]) as socket:
            shown = {} if self.token is None else {"payload": {"authorization": f"Bearer {self.token}"}}
            await socket.send_json({"type": "connection_init", **shown})
            assert (await socket.receive_json(timeout=PATIENCE_SECONDS))["type"] == "connection_ack"
            payload = {"query": query, "variables": variables}
            await socket.send_json({"type": "subscribe", "id": "1", "payload": payload})
            yield Watching(socket)
