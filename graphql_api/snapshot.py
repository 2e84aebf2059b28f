"""
One moment of the database, for as long as one answer takes.

A repeatable-read transaction that can only read, begun by the first question and ended by `close`. So all parts of
an answer stand on the same block, and an answer that asks nothing costs nothing. What Postgres refuses is turned
into what a client may be told.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg_pool import PoolClosed, PoolTimeout

from graphql_api.errors import TooSlow, Unavailable
from runtime.database import Connection, Pool

Row = TypeVar("Row")
Query = sql.SQL | sql.Composed

NARROWER = "ask for less, or narrow the filter"

WAIT_SECONDS = 5.0
"""How long an answer waits for a free connection."""

_refusal: ContextVar[Exception | None] = ContextVar("refusal", default=None)


@contextmanager
def refusing(error: Exception | None) -> Iterator[None]:
    """Let all snapshots of the block fail as one question has already, if one has, without asking the database."""
    token = _refusal.set(error)
    try:
        yield
    finally:
        _refusal.reset(token)


class Snapshot:
    """A read-only transaction, opened when needed; after `close` the next question begins a new one."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lock = asyncio.Lock()
        self.connection: Connection | None = None
        self._failure: Exception | None = None
        self._is_over = False
        self.statements = 0

    @property
    def is_readable(self) -> bool:
        """Whether it has begun, and can be asked more."""
        return self.connection is not None and self._failure is None

    async def fetch(
        self, query: Query, parameters: Mapping[str, Any], row: type[Row], *, advice: str = NARROWER
    ) -> list[Row]:
        """
        Return the rows of a query as values of a class with the columns' names. Raises `Declined`.

        `advice` is what to do where the database needs too long.
        """
        async with self._lock:
            if self._is_over:
                # A field that failed ended the answer, and its neighbours go on asking for what nobody waits for.
                raise Unavailable("the answer is over")
            if self._failure is not None:
                raise self._failure
            try:
                return await self._fetch(query, parameters, row, advice)
            except Exception as error:
                self._failure = error  # The transaction is dead: what is asked after this fails as this did.
                raise

    async def close(self) -> None:
        """End the transaction, once a statement that is still running has ended, and give the connection back."""
        async with self._lock:
            connection, self.connection = self.connection, None
            self._failure = None
            if connection is not None:
                with suppress(psycopg.OperationalError):
                    await connection.rollback()
                await self._pool.putconn(connection)

    async def end(self) -> None:
        """Close for good: whatever is asked after this is refused, for nobody would give the connection back."""
        self._is_over = True
        await self.close()

    async def _fetch(self, query: Query, parameters: Mapping[str, Any], row: type[Row], advice: str) -> list[Row]:
        try:
            connection = await self._open()
            self.statements += 1
            async with connection.cursor(row_factory=class_row(row)) as cursor:
                await cursor.execute(query, parameters)
                return await cursor.fetchall()
        except psycopg.errors.QueryCanceled as error:
            raise TooSlow(f"the database needed too long for this: {advice}") from error
        except (psycopg.OperationalError, PoolTimeout, PoolClosed) as error:
            raise Unavailable("the database cannot be reached, or is too busy: try again in a moment") from error

    async def _open(self) -> Connection:
        if (refusal := _refusal.get()) is not None:
            raise refusal
        if self.connection is None:
            connection = await self._pool.getconn(timeout=WAIT_SECONDS)
            self.connection = connection
            await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
            await connection.set_read_only(True)
        return self.connection
