"""
Thousands of clients of graphql-transport-ws in one process, as lean as they can be.

They read nothing of a message but the id of the job it tells of, so that what is measured is the server.
"""

import asyncio
import json
import struct
from collections.abc import Callable, Sequence
from typing import Any

HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
MARK = b'"jobId":"0x'
DIGITS = 64
TEXT, PING, CLOSE = 1, 9, 8
CONNECTING_AT_ONCE = 100

Heard = Callable[[int], None]


class LiveClient(asyncio.Protocol):
    """One connection with one subscription."""

    def __init__(self, query: str, variables: dict[str, Any], heard: Heard) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self._payload = {"query": query, "variables": variables}
        self._heard = heard
        self._unread = b""
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask to speak the protocol."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(HANDSHAKE)

    def data_received(self, data: bytes) -> None:
        """Take in as many frames as there are."""
        self._unread += data
        if not self._is_open:
            _, separator, rest = self._unread.partition(b"\r\n\r\n")
            if not separator:
                return
            self._is_open, self._unread = True, rest
            self._send({"type": "connection_init"})
        while (frame := _frame(self._unread)) is not None:
            kind, payload, self._unread = frame
            self._take(kind, payload)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail who waits for this connection; one that was lost later is seen by what it misses."""
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionError("closed by the server"))

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == PING:
            self._write(10, payload)
        elif kind == CLOSE:
            raise ConnectionError(f"the server closed the connection: {payload!r}")
        elif (at := payload.find(MARK)) >= 0:
            start = at + len(MARK)
            self._heard(int(payload[start : start + DIGITS], 16))
        elif b"connection_ack" in payload:
            self._send({"type": "subscribe", "id": "1", "payload": self._payload})
            self._send({"type": "ping"})
        elif b'"pong"' in payload:
            self.ready.set_result(None)
        else:
            raise ConnectionError(f"unexpected: {payload!r}")

    def _send(self, message: dict[str, Any]) -> None:
        self._write(TEXT, json.dumps(message).encode())

    def _write(self, kind: int, payload: bytes) -> None:
        assert self.transport is not None
        length = len(payload)
        size = bytes([0x80 | length]) if length < 126 else bytes([0x80 | 126]) + struct.pack(">H", length)
        # A mask of zeros changes nothing, and the protocol wants one.
        self.transport.write(bytes([0x80 | kind]) + size + bytes(4) + payload)


async def connect(port: int, asked: Sequence[tuple[str, dict[str, Any]]], heard: Heard) -> list[LiveClient]:
    """Connect a client for each query with its variables; return when all have subscribed."""
    loop = asyncio.get_running_loop()
    clients: list[LiveClient] = []
    for first in range(0, len(asked), CONNECTING_AT_ONCE):
        group = [LiveClient(query, variables, heard) for query, variables in asked[first : first + CONNECTING_AT_ONCE]]
        await asyncio.gather(
            *(loop.create_connection(lambda each=each: each, "127.0.0.1", port) for each in group)  # type: ignore[misc]
        )
        await asyncio.gather(*(client.ready for client in group))
        clients += group
    return clients


def _frame(data: bytes) -> tuple[int, bytes, bytes] | None:
    """Return the kind and payload of the first frame and what follows it, or None when it is not all there."""
    if len(data) < 2:
        return None
    length, start = data[1], 2
    if length == 126:
        if len(data) < 4:
            return None
        length, start = struct.unpack_from(">H", data, 2)[0], 4
    elif length == 127:
        raise ConnectionError("a message of more than 64 KiB")
    if len(data) < start + length:
        return None
    return data[0] & 0x0F, data[start : start + length], data[start + length :]
