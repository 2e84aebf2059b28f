"""
Hand in what operators ask of a running system, and look at what became of it.

What a worker has to do stays open until it has done it (`indexer.request_store`). What is done as it is asked, in the
same transaction, is handed in done: so the rows are the record of who did what, whichever door they came by.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from models.requests import Request, RequestKind
from models.values import Chain, ProofLevel
from runtime.database import Connection

ASKING_LOCK = 5
"""Sets the locks of those who ask apart from those of `models.state` and of workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """What is asked for, and by whom; see `models.requests.Request` for the fields."""

    kind: RequestKind
    chain: Chain
    requested_by: str
    first_block: int | None = None
    last_block: int | None = None
    level: ProofLevel | None = None
    repairs: bool = False


async def insert(connection: Connection, request: NewRequest) -> int:
    """Ask for something, and return the number to watch it by."""
    row = await (
        await connection.execute(
            """
            insert into requests (kind, chain, first_block, last_block, level, repairs, requested_by)
            values (%s, %s, %s, %s, %s, %s, %s) returning id
            """,
            (
                *(request.kind, request.chain, request.first_block, request.last_block),
                *(request.level, request.repairs, request.requested_by),
            ),
        )
    ).fetchone()
    assert row is not None, "an insert returns its row"
    return int(row[0])


async def insert_done(connection: Connection, request: NewRequest, result: Mapping[str, Any]) -> None:
    """Write down what was asked for and done at once."""
    await connection.execute(
        """
        insert into requests (kind, chain, repairs, requested_by, started_at, finished_at, result)
        values (%s, %s, %s, %s, now(), clock_timestamp(), %s)
        """,
        (request.kind, request.chain, request.repairs, request.requested_by, Jsonb(result)),
    )


async def find(connection: Connection, number: int) -> Request | None:
    """Return a request as it stands now."""
    async with connection.cursor(row_factory=class_row(Request)) as cursor:
        return await (await cursor.execute("select * from requests where id = %s", (number,))).fetchone()


async def find_open(connection: Connection, kind: RequestKind, chain: Chain) -> Request | None:
    """Return the oldest request of a kind that is not finished; nobody else looks until the transaction ends."""
    await connection.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", (ASKING_LOCK, f"{kind} {chain}"))
    async with connection.cursor(row_factory=class_row(Request)) as cursor:
        # Uses the index requests_open.
        rows = await cursor.execute(
            "select * from requests where kind = %s and chain = %s and finished_at is null order by id limit 1",
            (kind, chain),
        )
        return await rows.fetchone()
