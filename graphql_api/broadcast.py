"""
Read the change feed once per process and hand each change to every subscriber it concerns.

The reader outlives its connection: when Postgres goes away it comes back, and goes on behind the last position it
has handed out, so subscribers miss nothing. A database of another lineage ends every subscription.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import psycopg
import structlog

from graphql_api.errors import CursorExpired, Declined, Unavailable
from graphql_api.listening import Heard, Interest, Listener
from runtime import feed
from runtime.database import Connection

logger = structlog.get_logger()

RECONNECT_SECONDS = 0.5
BATCH = 200
"""Changes handed out at once; in between, everybody else in this process has a turn."""


class Broadcast:
    """The one reader of the feed and those who listen to it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._listeners: set[Listener] = set()
        self._position: feed.Position | None = None
        self._started = asyncio.Event()
        self._stopped = False
        self._connected = True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read the feed in the background; entered once the first position is known."""
        reader = asyncio.create_task(self._run())
        started = asyncio.create_task(self._started.wait())
        await asyncio.wait({reader, started}, return_when=asyncio.FIRST_COMPLETED)
        started.cancel()
        if reader.done():
            reader.result()
        try:
            yield
        finally:
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader

    @property
    def position(self) -> feed.Position:
        """The last position handed out. Raises `Unavailable` when the reader does not run."""
        if self._position is None or self._stopped:
            raise Unavailable("live changes are not available: the reader of the change feed does not run")
        return self._position

    @property
    def handed_out(self) -> int | None:
        """The number of the last change handed out, or None when the reader does not run."""
        return None if self._position is None or self._stopped else self._position.number

    @contextmanager
    def listen(self, interest: Interest) -> Iterator[Listener]:
        """Yield a listener that hears everything after the current position. Raises `Unavailable`."""
        _ = self.position
        listener = Listener(interest)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def _run(self) -> None:
        try:
            while True:
                try:
                    await self._follow()
                except psycopg.OperationalError as error:
                    self._say_disconnected(error)
                await asyncio.sleep(RECONNECT_SECONDS)
        except Exception:
            # Raised on to where the program stops, but said now, when subscriptions stop.
            logger.exception("broadcast.failed")
            raise
        finally:
            self._stopped = True
            self._end_all(Unavailable("the server is stopping: subscribe again with after: the last cursor"))

    def _say_disconnected(self, error: psycopg.OperationalError) -> None:
        """Log that Postgres went away, once, however often it is then tried in vain."""
        if self._connected:
            logger.warning("broadcast.disconnected", reason=str(error).strip(), retry_seconds=RECONNECT_SECONDS)
        self._connected = False

    async def _follow(self) -> None:
        async with (
            await psycopg.AsyncConnection.connect(self._url, autocommit=True, connect_timeout=5) as connection,
            feed.ticks(self._url) as ticks,
        ):
            await self._settle(connection)
            async for _ in ticks:
                while await self._hand_out(connection) == BATCH:
                    pass

    async def _settle(self, connection: Connection) -> None:
        """Take the newest position the first time; later make sure that ours is still one of this database."""
        newest = await feed.position(connection)
        ours = self._position
        if ours is None or ours.epoch != newest.epoch or ours.number > newest.number:
            self._end_all(CursorExpired("this is not the database it was: read anew and subscribe without a cursor"))
            self._position = newest
        self._started.set()
        self._connected = True
        logger.info("broadcast.connected", position=self.position.number, subscribers=len(self._listeners))

    async def _hand_out(self, connection: Connection) -> int:
        """Give the next changes to whom they concern and return how many there were."""
        changes = await feed.read_after(connection, self.position.number, limit=BATCH)
        if changes and changes[0][0] != self.position.number + 1:
            self._end_all(CursorExpired("some changes are no longer kept: read anew and subscribe without a cursor"))
        for number, change in changes:
            heard = Heard.of(number, change)
            for listener in self._listeners:
                listener.offer(heard)
            self._position = feed.Position(epoch=self.position.epoch, number=number)
        return len(changes)

    def _end_all(self, reason: Declined) -> None:
        for listener in self._listeners:
            listener.end(reason)
