"""
A real Postgres inside virtual time: each call runs to its end before anything else does.

The clock of the simulation is the database's clock too: its `now()` is shadowed by a function that says what the
world says. A pool belongs to one simulated process; it can be told to lose a connection, or to end its process, at the
n-th call from now: before the server saw that call, or after it did what it was asked.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import psycopg
import psycopg_pool
from psycopg import pq, waiting
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from models import SQLModel

Answer = TypeVar("Answer")

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""When virtual time begins."""

OPTIONS = "-c timezone=UTC -c search_path=simulated,public,pg_catalog -c lock_timeout=5s -c statement_timeout=30s"
CLOCKS = """
    create schema if not exists simulated;
    create or replace function simulated.now() returns timestamptz language sql stable
        as $$ select current_setting('simulation.now')::timestamptz $$;
    create or replace function simulated.clock_timestamp() returns timestamptz language sql stable
        as $$ select current_setting('simulation.now')::timestamptz $$;
"""
PARTITIONS = "select inhrelid::regclass::text from pg_inherits where inhparent = 'node_heartbeat'::regclass"
FEED_EPOCH = UUID(int=0)
OUTAGE_NOTICED_SECONDS = 1.0


class Loss(StrEnum):
    """What happens at a database call: the connection breaks, or the whole process ends."""

    CONNECTION = "connection"
    PROCESS = "process"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishap:
    """Something is lost at the n-th call from now; `answered` says whether the server did that call."""

    loss: Loss
    calls: int
    answered: bool


class SimulatedConnection(psycopg.AsyncConnection[Any]):
    """A connection that waits for Postgres without letting anybody else run."""

    holder: "SimulatedPool | None" = None
    clock: Callable[[], float]
    _told: float | None = None

    @classmethod
    def open(cls, url: str) -> "SimulatedConnection":
        """Connect."""
        return waiting.wait_conn(cls._connect_gen(make_conninfo(url, options=OPTIONS)))

    async def wait(
        self,
        gen: Generator[Any, Any, Answer],
        interval: float = 0.1,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> Answer:
        mishap = self.holder.next_mishap() if self.holder else None
        self._tell_time()
        if mishap and not mishap.answered:
            await self._suffer(mishap)
        answer = waiting.wait(gen, self.pgconn.socket, interval, timeout)
        if mishap and self.holder and self.pgconn.pipeline_status != pq.PipelineStatus.OFF:
            # Into a pipeline one enters without a word to the server: it is the next call that is lost.
            self.holder.befall(replace(mishap, calls=1))
        elif mishap:
            await self._suffer(mishap)
        return answer

    async def close(self) -> None:
        """Close it; what it held of the server is free again when this returns."""
        if self.holder is not None:
            self.holder.lose(self)
        await super().close()

    def _tell_time(self) -> None:
        now = self.clock()
        if now != self._told and self.pgconn.pipeline_status == pq.PipelineStatus.OFF:
            moment = (EPOCH + timedelta(seconds=now)).isoformat()
            self.pgconn.exec_(f"select set_config('simulation.now', '{moment}', false)".encode())
            self._told = now

    async def _suffer(self, mishap: Mishap) -> None:
        assert self.holder is not None
        self.holder.lose(self)
        if mishap.loss is Loss.PROCESS:
            self.holder.die()
            # A call of a dead process does not come back; its task is cancelled meanwhile.
            await asyncio.get_running_loop().create_future()
        raise psycopg.OperationalError("the simulated server closed the connection")


class Database:
    """One migrated database and the connections to it, kept from run to run."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: list[SimulatedConnection] = []
        self._held: list[SimulatedConnection] = []
        self.clock: Callable[[], float] = lambda: 0.0
        self.is_down = False
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(CLOCKS)

    def reset(self) -> None:
        """Empty every table: the next run begins as in a database just migrated."""
        self.is_down = False
        for connection in self._held:
            connection.pgconn.finish()
        self._held.clear()
        tables = ", ".join(sorted(set(SQLModel.metadata.tables) - {"feed"}))
        with psycopg.connect(self._url, autocommit=True) as owner:
            partitions = [row[0] for row in owner.execute(PARTITIONS)]
            drop = f"drop table {', '.join(partitions)};" if partitions else ""
            empty = f"truncate {tables} restart identity"
            owner.execute(f"{drop} {empty}; update feed set position = 0, epoch = '{FEED_EPOCH}'".encode())

    def save(self) -> None:
        """Keep a copy of all that is in the tables now."""
        copies = "".join(f"create table saved.{name} as table {name};" for name in _tables())
        with psycopg.connect(self._url, autocommit=True) as owner:
            owner.execute(f"drop schema if exists saved cascade; create schema saved; {copies}".encode())

    def restore(self) -> None:
        """Put the tables back as they were saved; nobody may be connected."""
        names = _tables()
        copies = "".join(f"insert into {name} overriding system value table saved.{name};" for name in names)
        with psycopg.connect(self._url, autocommit=True) as owner:
            owner.execute(f"truncate {', '.join(names)}; {copies}".encode())

    def read(self, query: LiteralString) -> list[TupleRow]:
        """Return the rows of a query as of now, of what is committed, at no time of the simulation."""
        with psycopg.connect(self._url, autocommit=True) as owner:
            return owner.execute(query).fetchall()

    def take(self) -> SimulatedConnection:
        """Return a connection that knows what time it is."""
        connection = self._idle.pop() if self._idle else SimulatedConnection.open(self._url)
        connection.clock, connection._told = self.clock, None
        self._held.append(connection)
        return connection

    def give_back(self, connection: SimulatedConnection) -> None:
        """Keep the connection for the next who asks, unless it is broken."""
        connection.holder = None
        if connection in self._held:
            self._held.remove(connection)
        if connection.pgconn.status == pq.ConnStatus.OK:
            self._idle.append(connection)

    def cut(self, connection: SimulatedConnection) -> None:
        """Break a connection; the server has noticed and undone what was left open when this returns."""
        if not connection.closed:
            process_id = connection.pgconn.backend_pid
            connection.pgconn.finish()
            with psycopg.connect(self._url, autocommit=True) as owner:
                owner.execute("select pg_terminate_backend(%s, 5000)", (process_id,))

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[SimulatedConnection]:
        """A connection of the world's own, which nothing befalls; its transaction is committed at the end."""
        connection = self.take()
        try:
            async with connection.transaction():
                yield connection
        finally:
            self.give_back(connection)

    def close(self) -> None:
        """Close every connection."""
        for connection in self._idle:
            connection.pgconn.finish()


def _tables() -> list[str]:
    """Return the tables, each after those that it refers to."""
    return [table.name for table in SQLModel.metadata.sorted_tables]


class SimulatedPool:
    """What one simulated process has of the database; it speaks as psycopg's pool does."""

    def __init__(self, database: Database, *, on_death: Callable[[], None]) -> None:
        self._database = database
        self._on_death = on_death
        self._mishap: Mishap | None = None
        self._held: list[SimulatedConnection] = []
        self._is_dead = False
        self.calls = 0

    def befall(self, mishap: Mishap) -> None:
        """Let something be lost at a later call."""
        self._mishap = mishap
        self.calls = 0

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[SimulatedConnection]:  # noqa: ASYNC109
        """A connection; its transaction is committed at the end, or rolled back."""
        if self._is_dead:
            raise asyncio.CancelledError
        if self._database.is_down:
            await asyncio.sleep(timeout or OUTAGE_NOTICED_SECONDS)
            raise psycopg_pool.PoolTimeout("the simulated server is down")
        connection = self._database.take()
        connection.holder = self
        self._held.append(connection)
        try:
            yield connection
            if not connection.closed:
                await connection.commit()
        except BaseException:
            with suppress(psycopg.OperationalError):
                await connection.rollback()
            raise
        finally:
            self._held.remove(connection)
            self._database.give_back(connection)

    async def session(self) -> SimulatedConnection:
        """Return a connection in autocommit that is the caller's until closed."""
        if self._is_dead:
            raise asyncio.CancelledError
        if self._database.is_down:
            await asyncio.sleep(OUTAGE_NOTICED_SECONDS)
            raise psycopg.OperationalError("the simulated server is down")
        connection = self._database.take()
        connection.holder = self
        self._held.append(connection)
        await connection.set_autocommit(True)
        return connection

    def cut_all(self) -> None:
        """Break every connection, as a server does that starts again."""
        for connection in self._held:
            self._database.cut(connection)

    def next_mishap(self) -> Mishap | None:
        """Count a call; return what befalls it. Nobody calls for a dead process."""
        if self._is_dead:
            raise asyncio.CancelledError
        self.calls += 1
        if self._mishap is None or self.calls < self._mishap.calls:
            return None
        mishap, self._mishap = self._mishap, None
        return mishap

    def lose(self, connection: SimulatedConnection) -> None:
        """Let a connection break."""
        self._database.cut(connection)

    def die(self) -> None:
        """Answer nothing any more: the process is gone, whatever its tasks still believe."""
        if not self._is_dead:
            self._is_dead = True
            self.cut_all()
            self._on_death()
