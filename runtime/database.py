"""
Connections to Postgres.

A pool that waits for the server a stated time and then says what it waited for. Timestamps come back in UTC, and
every connection names the program that holds it (`application_name`).
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
import psycopg_pool
from psycopg_pool import AsyncConnectionPool

from runtime.errors import CannotRun

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Connection]

DATABASE_TROUBLE = (psycopg.OperationalError, psycopg_pool.PoolTimeout)
"""What it looks like when Postgres is away, restarts, drops a connection or has no room: it is waited out."""


class DatabaseUnreachable(CannotRun):
    """No connection to Postgres within the stated time."""


@asynccontextmanager
async def open_pool(
    url: str,
    *,
    program: str,
    size: int,
    wait_seconds: float = 15.0,
    statement_timeout_seconds: float = 0,
) -> AsyncIterator[Pool]:
    """
    Open a pool of up to `size` connections; raise `DatabaseUnreachable` after `wait_seconds`.

    The server ends a statement that runs longer than `statement_timeout_seconds`; 0 lets it run.
    """
    await wait_until_reachable(url, wait_seconds=wait_seconds)
    pool: Pool = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size,
        open=False,
        kwargs={
            "application_name": f"lamda-{program}",
            "options": f"-c timezone=UTC -c statement_timeout={round(statement_timeout_seconds * 1000)}",
        },
        check=AsyncConnectionPool.check_connection,
    )
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def lone_session(pool: Pool) -> AsyncIterator[Connection]:
    """
    Yield a connection in autocommit for work that spans many transactions.

    What the work keeps in the session, temporary tables and advisory locks, goes when the block ends; where that is
    not in order, the whole session goes.
    """
    async with pool.connection() as connection:
        try:
            await connection.set_autocommit(True)
            yield connection
            await connection.execute("discard temporary")
            await connection.execute("select pg_advisory_unlock_all()")
            await connection.set_autocommit(False)
        except BaseException:
            await connection.close()
            raise


async def connect_beside(pool: Pool) -> Connection:
    """Return a connection in autocommit that a pool does not count, opened as the pool opens its own."""
    url, settings = pool.conninfo, pool.kwargs
    assert isinstance(url, str), "open_pool gives it as it is"
    assert isinstance(settings, dict), "open_pool gives them as they are"
    return await psycopg.AsyncConnection.connect(url, **{**settings, "autocommit": True})


async def wait_until_reachable(url: str, *, wait_seconds: float) -> None:
    """Return when Postgres answers at `url`; raise `DatabaseUnreachable` with the last error after `wait_seconds`."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(url, connect_timeout=5):
                return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise DatabaseUnreachable(
                    f"no connection to Postgres at {shown(url)} within {wait_seconds:.0f} s: {error}"
                ) from error
        await asyncio.sleep(0.2)


def shown(url: str) -> str:
    """Return a database URL without its password, for messages and logs."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
