"""
The yardstick of subscriptions: a server that tells every change to every connection and does nothing else.

It reads the feed as the API does, and sends each change's key to all sockets: no query, no filter, no rights.

    python -m benchmarks.bare_sockets <database url> <port>
"""

import asyncio
import base64
import hashlib
import re
import struct
import sys
from typing import ClassVar

import psycopg

from runtime import feed

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = re.compile(rb"Sec-WebSocket-Key: (\S+)")


class BareSocket(asyncio.Protocol):
    """A connection that is greeted, answered its ping, and told everything."""

    sockets: ClassVar["set[BareSocket]"] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember it."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._is_open = False

    def data_received(self, data: bytes) -> None:
        """Shake hands; then answer by what a message contains."""
        if not self._is_open:
            found = KEY.search(data)
            assert found is not None, "a handshake comes in one piece"
            accept = base64.b64encode(hashlib.sha1(found[1] + MAGIC).digest())
            self.transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            self._is_open = True
            return
        if b"connection_init" in data:
            self.transport.write(framed(b'{"type":"connection_ack"}'))
        if b'"ping"' in data:
            self.sockets.add(self)
            self.transport.write(framed(b'{"type":"pong"}'))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget it."""
        self.sockets.discard(self)


def framed(payload: bytes) -> bytes:
    """Return a text as a frame."""
    length = len(payload)
    return b"\x81" + (bytes([length]) if length < 126 else b"\x7e" + struct.pack(">H", length)) + payload


async def main(url: str, port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(BareSocket, "127.0.0.1", port)
    async with server, await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        newest = (await feed.position(connection)).number
        async with feed.ticks(url) as ticks:
            async for _ in ticks:
                for position, change in await feed.read_after(connection, newest):
                    newest = position
                    frame = framed(b'{"id":"1","type":"next","payload":{"jobId":"%s"}}' % (change.key or "").encode())
                    for socket in BareSocket.sockets:
                        socket.transport.write(frame)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
