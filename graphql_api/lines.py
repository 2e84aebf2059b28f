"""
Connections to Postgres that prepared statements are asked over, for one text each.

A transaction of the pool's costs four round trips and most of a millisecond's tenth of our own time, more than many a
statement takes (docs/decisions.md). A line keeps its connection in autocommit, where a statement is a snapshot of its
own, and speaks to it through psycopg's binding of libpq: send, wait until the socket is readable, take the result.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq.abc import PGresult
from psycopg_pool import PoolTimeout

from graphql_api.snapshot import WAIT_SECONDS
from runtime.database import Connection, Pool, connect_beside
from runtime.metrics import Labels

PREPARED_MAX = 100
"""Statements that a line keeps prepared; with one more it begins anew."""

WAITING: Labels = ("line",)
STATEMENT: Labels = ("statement",)
"""What the time goes into, as metrics label it."""

FINE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


@asynccontextmanager
async def open_lines(pool: Pool) -> AsyncIterator["Lines"]:
    """Give out lines for as long as the block lasts; those that nobody uses are closed then."""
    lines = Lines(pool)
    try:
        yield lines
    finally:
        lines.hang_up()


class Lines:
    """As many lines as a pool may have connections, opened when they are needed, with the pool's settings."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._permits = asyncio.Semaphore(pool.max_size)
        self._free: list[_Line] = []
        self.seconds: defaultdict[Labels, float] = defaultdict(float)

    async def ask(self, text: bytes, values: Sequence[Any]) -> bytes:
        """Return the one text that a statement answers. Raises `psycopg.Error` and `PoolTimeout`."""
        asked_at = began = time.perf_counter()
        await self._wait()
        line = None
        try:
            line = self._idle() or _Line(await connect_beside(self._pool))
            began = time.perf_counter()
            return await line.ask(text, values)
        finally:
            self.seconds[WAITING] += began - asked_at
            self.seconds[STATEMENT] += time.perf_counter() - began
            if line is not None:
                self._give_back(line)
            self._permits.release()

    def hang_up(self) -> None:
        """Close the lines that nobody uses."""
        while self._free:
            self._free.pop().close()

    async def _wait(self) -> None:
        if not self._permits.locked():
            await self._permits.acquire()
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._permits.acquire()
        except TimeoutError as error:
            raise PoolTimeout(f"no line was free within {WAIT_SECONDS:.0f} s") from error

    def _idle(self) -> "_Line | None":
        """Return a line that is open and free, if there is one; some may have broken meanwhile."""
        while self._free:
            line = self._free.pop()
            if line.is_idle:
                return line
            line.close()
        return None

    def _give_back(self, line: "_Line") -> None:
        if line.is_idle:
            self._free.append(line)
        else:
            line.close()


class _Line:
    """One connection, with one question at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._wire = connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._socket = self._wire.socket
        self._names: dict[bytes, bytes] = {}
        self._transformer = Transformer()
        self._answer: asyncio.Future[PGresult] | None = None
        self._is_writing = False
        self._result: PGresult | None = None
        self._loop.add_reader(self._socket, self._read)

    @property
    def is_idle(self) -> bool:
        """Whether the next question can be asked."""
        return self._answer is None and self._wire.status == pq.ConnStatus.OK

    async def ask(self, text: bytes, values: Sequence[Any]) -> bytes:
        """Return the text that a statement answers, prepared when it is asked for the first time."""
        name = self._names.get(text) or await self._prepare(text)
        dumped = self._transformer.dump_sequence(values, [PyFormat.TEXT] * len(values))
        result = await self._exchange(lambda: self._wire.send_query_prepared(name, dumped))
        return result.get_value(0, 0) or b""

    def close(self) -> None:
        """Hang up."""
        if self._wire.status == pq.ConnStatus.OK:
            self._loop.remove_reader(self._socket)
        self._wire.finish()

    async def _prepare(self, text: bytes) -> bytes:
        if len(self._names) >= PREPARED_MAX:
            await self._exchange(lambda: self._wire.send_query(b"deallocate all"))
            self._names.clear()
        name = f"plan_{len(self._names)}".encode()
        await self._exchange(lambda: self._wire.send_prepare(name, text))
        self._names[text] = name
        return name

    async def _exchange(self, send: Callable[[], None]) -> PGresult:
        self._answer = self._loop.create_future()
        send()
        self._flush()
        result = await self._answer
        if result.status in FINE:
            self._answer = None
            return result
        error = error_from_result(result, encoding="utf-8")
        # What is worse than a statement that failed ends the connection sooner or later.
        if not isinstance(error, psycopg.OperationalError) or isinstance(error, psycopg.errors.QueryCanceled):
            self._answer = None
        raise error

    def _flush(self) -> None:
        """Send what the socket takes, and the rest when it takes more."""
        if self._wire.flush():
            self._loop.add_writer(self._socket, self._flush)
            self._is_writing = True
        elif self._is_writing:
            self._loop.remove_writer(self._socket)
            self._is_writing = False

    def _read(self) -> None:
        try:
            self._wire.consume_input()
            while not self._wire.is_busy():
                result = self._wire.get_result()
                if result is None:
                    self._tell()
                    return
                self._result = result
        except psycopg.OperationalError as error:
            self._break(error)

    def _tell(self) -> None:
        result, self._result = self._result, None
        if self._answer is not None and not self._answer.done() and result is not None:
            self._answer.set_result(result)

    def _break(self, error: psycopg.OperationalError) -> None:
        """Take note that the connection is gone: whoever waits is told, and nobody asks over it again."""
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
