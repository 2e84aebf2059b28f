"""
Send what is written in one turn of the event loop at once.

uvicorn writes the head of an answer and then its body, and each would be a packet and a system call of its own: a tenth
of what a small answer costs, and the client is woken twice.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class JoinedWrites:
    """A transport that holds what is written until the turn is over; everything else is the one's below."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._held: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send bytes when the turn is over."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(data)

    def writelines(self, parts: Iterable[bytes]) -> None:
        """Send several."""
        for part in parts:
            self.write(part)

    def close(self) -> None:
        """Send what is held, and close."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        held, self._held = self._held, []
        if held and not self._transport.is_closing():
            self._transport.writelines(held)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class JoiningProtocol(HttpToolsProtocol):
    """uvicorn's, whose connections join what they write; a WebSocket takes such a connection over, and joins, too."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As uvicorn has it.
        """Begin a connection."""
        super().connection_made(cast("asyncio.Transport", JoinedWrites(transport)))
