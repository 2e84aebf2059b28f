"""Who reads too slowly, and who beside it does not."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError
from websockets.typing import Subprotocol

from graphql_api.program import UNREAD_SECONDS
from models.feed import ChangeKind, Entity
from runtime.feed import Change
from runtime.live_settings import LiveSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import Market

RESYNC = Change(entity=Entity.JOB, kind=ChangeKind.RESYNC, key=None)
# Long answers from short work: each of the names comes back with every change.
NAMES = " ".join(f"{'a' * 500}{number}: kind" for number in range(80))
MUCH = f"subscription ($after: String) {{ jobChanges(after: $after) {{ cursor {NAMES} }} }}"


async def test_who_reads_nothing_is_closed_and_resumes_and_costs_nobody_else_anything(
    schema_url: str, market: Market
) -> None:
    """It gets what was sent before, then a code that says so; from its last cursor on nothing is missing."""
    async with serving(schema_url, live=LiveSettings(api_live_queue_bytes_max=200_000)) as api:
        async with slow_client(api) as slow, api.watch("subscription { jobChanges { cursor } }") as quick:
            await subscribed(slow)
            for _ in range(4):
                await market.tell(*[RESYNC] * 100)
            cursors = [(await quick.told())["jobChanges"]["cursor"] for _ in range(400)]
            seen = [told(message)["cursor"] for message in await everything(slow)]

            assert (
                slow.close_code,
                slow.close_reason,
            ) == (4420, "read too slowly: subscribe again with after: the last cursor")
        async with api.watch(MUCH, after=seen[-1]) as again:
            rest = (await again.told())["jobChanges"]["cursor"]

    assert cursors[: len(seen)] == seen
    assert cursors[-1] == rest


@pytest.mark.long
async def test_who_never_reads_again_is_cut_off(schema_url: str, market: Market) -> None:
    """Closed, and deaf to it: the kernel does not keep what was sent for ever."""
    async with serving(schema_url, live=LiveSettings(api_live_queue_bytes_max=200_000)) as api:
        with socket.socket() as narrow:
            client = await narrow_client(api, narrow)
            await subscribed(client)
            client.transport.pause_reading()
            for _ in range(4):
                await market.tell(*[RESYNC] * 100)
            port = narrow.getsockname()[1]
            assert is_held(port, by=api)
            async with asyncio.timeout(UNREAD_SECONDS * 3):
                while is_held(port, by=api):
                    await asyncio.sleep(0.5)
            client.transport.abort()


def is_held(port: int, *, by: Client) -> bool:
    """Say whether a server still has a connection to a port, in whatever state."""
    ends = f":{urlsplit(by.url).port:04X} 0100007F:{port:04X} "
    return ends in Path("/proc/net/tcp").read_text()


async def subscribed(slow: ClientConnection) -> None:
    """Subscribe, and know that it is done."""
    await slow.send(json.dumps({"type": "connection_init"}))
    await slow.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": MUCH}}))
    await slow.send(json.dumps({"type": "ping"}))
    assert [json.loads(await slow.recv())["type"] for _ in range(2)] == ["connection_ack", "pong"]


async def everything(slow: ClientConnection) -> list[str | bytes]:
    """Return all that comes until the connection is closed."""
    messages = []
    with suppress(ConnectionClosedError):
        while True:
            messages.append(await slow.recv())
    return messages


def told(message: str | bytes) -> Any:
    """Return what a message tells."""
    return json.loads(message)["payload"]["data"]["jobChanges"]


@asynccontextmanager
async def slow_client(api: Client) -> AsyncIterator[ClientConnection]:
    """Connect with hardly any room for what is not read."""
    with socket.socket() as narrow:
        client = await narrow_client(api, narrow)
        yield client
        await client.close()


async def narrow_client(api: Client, narrow: socket.socket) -> ClientConnection:
    """Connect over a socket that takes little."""
    parts = urlsplit(api.url)
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, (parts.hostname, parts.port))
    return await connect(
        f"ws://{parts.netloc}/graphql",
        subprotocols=[Subprotocol("graphql-transport-ws")],
        sock=narrow,
        max_queue=1,
        ping_interval=None,
    )
