"""
What waits to be sent to one client, and no more of it than it may keep waiting.

Whoever fills an outbox does not wait for the client. When it reads so slowly that too much waits, all of that is
dropped and the outbox says so, once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable


class Outbox:
    """Texts on their way to a client, in order."""

    __slots__ = ("_bytes_max", "_ended", "_on_full", "_room", "_texts", "_waiting", "_wake")

    def __init__(self, bytes_max: int, on_full: Callable[[], None]) -> None:
        self._bytes_max = bytes_max
        self._on_full = on_full
        self._texts: deque[str] = deque()
        self._waiting = 0
        self._wake = asyncio.Event()
        self._room: asyncio.Event | None = None
        self._ended = False

    def put(self, text: str) -> None:
        """Let a text wait; when too much waits already, drop everything and say so."""
        if self._ended:
            return
        # One text alone may be larger than what may wait.
        if self._texts and self._waiting + _size(text) > self._bytes_max:
            self.end(drop=True)
            self._on_full()
            return
        self._waiting += _size(text)
        self._texts.append(text)
        self._wake.set()

    def end(self, *, drop: bool = False) -> None:
        """Take nothing more; what waits is still sent, unless it is dropped."""
        self._ended = True
        if drop:
            self._texts.clear()
        self._wake.set()
        if self._room is not None:
            self._room.set()

    async def room(self) -> None:
        """Return when less than half of what may wait does, or when nothing is taken any more."""
        while not self._ended and self._waiting * 2 > self._bytes_max:
            self._room = asyncio.Event()
            await self._room.wait()

    async def texts(self) -> AsyncIterator[str]:
        """Yield each text when it is its turn, until the end."""
        while True:
            while self._texts:
                text = self._texts.popleft()
                yield text
                self._waiting -= _size(text)
                if self._room is not None and self._waiting * 2 <= self._bytes_max:
                    self._room.set()
            if self._ended:
                return
            self._wake.clear()
            await self._wake.wait()


def _size(text: str) -> int:
    """Return how many bytes a text is on its way."""
    return len(text) if text.isascii() else len(text.encode())
