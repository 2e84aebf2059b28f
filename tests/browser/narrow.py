"""A network that lets requests through and no WebSocket, as some companies have it."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum

from runtime.ports import LOOPBACK

HEAD_END = b"\r\n\r\n"
REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Manner(Enum):
    """What the network does to whoever wants a WebSocket."""

    REFUSES = "refuses"
    SWALLOWS = "swallows"
    LETS_THROUGH = "lets through"


class Narrow:
    """A way to a server; `manner` may change while somebody uses it."""

    def __init__(self, port: int, manner: Manner) -> None:
        self.manner = manner
        self._port = port

    async def carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Carry a connection to the server and back, unless it is for a WebSocket that does not get through."""
        try:
            head = await reader.readuntil(HEAD_END)
            if b"upgrade: websocket" not in head.lower() or self.manner is Manner.LETS_THROUGH:
                await self._join(head, reader, writer)
            elif self.manner is Manner.REFUSES:
                writer.write(REFUSAL)
                await writer.drain()
            else:
                await reader.read()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    async def _join(self, head: bytes, reader: StreamReader, writer: StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(LOOPBACK, self._port)
        server_writer.write(head)
        try:
            await asyncio.wait(
                [
                    asyncio.ensure_future(_pass_on(reader, server_writer)),
                    asyncio.ensure_future(_pass_on(server_reader, writer)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            server_writer.close()


async def _pass_on(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(OSError):
        while part := await reader.read(65_536):
            writer.write(part)
            await writer.drain()


@asynccontextmanager
async def narrow_way(port: int, manner: Manner) -> AsyncIterator[tuple[str, Narrow]]:
    """Yield the URL at which a server is found by this way, and the way itself."""
    narrow = Narrow(port, manner)
    server = await asyncio.start_server(narrow.carry, LOOPBACK, 0)
    try:
        yield f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}", narrow
    finally:
        server.close()
