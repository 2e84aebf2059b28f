"""
An answer that subscribers follow: each gets it at once, and again when it is another.

    feed ──► heard ──► answer renewed, once a second at most ──► another? ──► told to all who follow

However many follow, one task listens and one computation is made; while nobody follows there is neither. Who reads
slowly is told the newest when it comes back and misses what was in between: an answer replaces the one before.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Generic, TypeVar

from graphql_api.broadcast import Broadcast
from graphql_api.errors import CursorExpired, Declined, FellBehind
from graphql_api.keeping import AGE_SECONDS_MAX, Answer, Kept, end
from graphql_api.listening import Interest
from models.feed import Entity

Value = TypeVar("Value")


class Watched(Generic[Value]):
    """An answer that may be another after each change of an entity or, where it `ages`, as time goes by."""

    def __init__(self, kept: Kept[Value], broadcast: Broadcast, entity: Entity, *, ages: bool = False) -> None:
        self._kept = kept
        self._broadcast = broadcast
        self._interest = Interest(entity=entity)
        self._ages = ages
        self._followers = 0
        self._watch: asyncio.Task[None] | None = None
        self._newest: Answer[Value] | None = None
        self._moved = asyncio.Event()
        self._told = asyncio.Event()

    async def newest(self) -> Value:
        """Return the answer, as it was within the last second. Raises `Declined`."""
        return (await self._kept.newest()).value

    async def follow(self) -> AsyncGenerator[Value, None]:
        """Yield the answer at once, and then each time that it is another. Raises `Declined`."""
        async with self._watching() as watch:
            last = await self._kept.newest()
            yield last.value
            while True:
                told, newest = self._told, self._newest
                if newest is not None and newest.at > last.at and newest.value != last.value:
                    last = newest
                    yield last.value
                elif watch.done():
                    watch.result()
                else:
                    await told.wait()

    @asynccontextmanager
    async def _watching(self) -> AsyncIterator[asyncio.Task[None]]:
        """Watch for as long as anybody follows."""
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._run())
        self._followers += 1
        try:
            yield self._watch
        finally:
            self._followers -= 1
            if not self._followers:
                watch, self._watch = self._watch, None
                await end(watch)

    async def _run(self) -> None:
        hearing = asyncio.create_task(self._hear())
        try:
            while not hearing.done():
                await self._wait()
                await self._renew()
            hearing.result()
        finally:
            await end(hearing)
            self._tell()

    async def _hear(self) -> None:
        """Say so whenever something changed; raise `Unavailable` when nothing is told any more."""
        try:
            while True:
                with self._broadcast.listen(self._interest) as listener, suppress(FellBehind, CursorExpired):
                    self._moved.set()
                    async for _ in listener.changes():
                        self._moved.set()
        finally:
            self._moved.set()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(AGE_SECONDS_MAX if self._ages else None):
                await self._moved.wait()
        self._moved.clear()

    async def _renew(self) -> None:
        try:
            self._newest = await self._kept.renewed()
        except Declined:
            # Told to nobody: those who follow have an answer, and hear of the next that there is.
            await asyncio.sleep(AGE_SECONDS_MAX)
            self._moved.set()
        else:
            self._tell()

    def _tell(self) -> None:
        told, self._told = self._told, asyncio.Event()
        told.set()
