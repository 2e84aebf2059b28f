"""Let something happen at the n-th await of a coroutine: whatever ends a program ends it at one of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from indexer.store import Store
from indexer.values import Cursor, Followed, Segment
from runtime.database import Pool

COMMITTER = "committer"
END_COMMITTER = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = %s
"""


@asynccontextmanager
async def unchecked_pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool that does not look at a connection before it gives it away: it would replace a dead one in silence."""
    kwargs = {"application_name": f"lamda-{COMMITTER}", "options": "-c timezone=UTC"}
    pool: Pool = AsyncConnectionPool(database_url, min_size=1, max_size=1, open=False, kwargs=kwargs)
    async with pool:
        await pool.wait()
        yield pool


def cancel(_: str) -> None:
    """End the task, as a stop does."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


def disconnect(database_url: str) -> None:
    """End the committer's connections from the server's side, as a crash of Postgres does."""
    with psycopg.connect(database_url) as connection:
        connection.execute(END_COMMITTER, (f"lamda-{COMMITTER}",))


class Interrupted:
    """Awaits a coroutine; when that waits for the n-th time, the interruption happens."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], at: int, interruption: Callable[[], None]) -> None:
        self._coroutine = coroutine
        self._at = at
        self._interruption = interruption

    def __await__(self) -> Generator[Any, Any, None]:
        waits, thrown = self._coroutine.__await__(), None
        for number in count(1):
            try:
                waited_for = waits.throw(thrown) if thrown else next(waits)
            except StopIteration:
                return
            if number == self._at:
                self._interruption()
            try:
                yield waited_for
                thrown = None
            except BaseException as error:
                thrown = error


class InterruptedStore(Store):
    """A store whose transactions are interrupted at their n-th await."""

    def __init__(
        self, pool: Pool, followed: Followed, *, offline_after: timedelta, at: int, interruption: Callable[[], None]
    ) -> None:
        super().__init__(pool, followed, offline_after=offline_after)
        self._at = at
        self._interruption = interruption

    async def commit(self, expected: Cursor, segment: Segment) -> None:
        await Interrupted(super().commit(expected, segment), self._at, self._interruption)

    async def refresh_state(self, expected: Cursor) -> None:
        await Interrupted(super().refresh_state(expected), self._at, self._interruption)
