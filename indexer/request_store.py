"""
Keep what operators ask for: rows that somebody inserts (`runtime.asking_store`), a worker claims, and whoever asked
watches.

    insert ──► open ──claim──► worked on ──► finished, failed or cancelled
                ▲                  │
                └──── a crash ─────┘

The requests of a chain are worked on one after the other, by whoever holds the chain's lock. That belongs to the
session of the connection the work is done on, so a worker that dies lets go of it, and the next one starts anew.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from indexer.rereading_values import Counts
from models.requests import Request
from models.values import BlockRange, Chain
from runtime.database import Connection

LOCK_CLASS = 4
"""Sets these locks apart from those of `models.state`."""

CANCELLED = "cancelled by whoever asked for it"


async def all_open(connection: Connection) -> Sequence[Request]:
    """Return the requests of all chains that are not finished, oldest first."""
    async with connection.cursor(row_factory=class_row(Request)) as cursor:
        return await (await cursor.execute("select * from requests where finished_at is null order by id")).fetchall()


async def is_any_open(connection: Connection, chain: Chain) -> bool:
    """Say whether there is something to do on a chain."""
    # Uses the index requests_open.
    row = await (
        await connection.execute(
            "select exists (select from requests where chain = %s and finished_at is null)", (chain,)
        )
    ).fetchone()
    return row is not None and bool(row[0])


async def claim(connection: Connection, chain: Chain) -> Request | None:
    """
    Return the request of a chain to work on now, for as long as this session holds the lock; None while another works.

    A chain that stands still goes first: a RESUME overtakes what is not begun. `connection` must be in autocommit.
    """
    row = await (
        await connection.execute("select pg_try_advisory_lock(%s, hashtext(%s))", (LOCK_CLASS, chain))
    ).fetchone()
    if row is None or not row[0]:
        return None
    async with connection.cursor(row_factory=class_row(Request)) as cursor:
        return await (
            await cursor.execute(
                """
                update requests set started_at = now(), read_through = null, trouble = null, result = null
                where id = (
                    select id from requests where chain = %s and finished_at is null
                    order by kind <> 'RESUME', id limit 1
                ) and finished_at is null
                returning *
                """,
                (chain,),
            )
        ).fetchone()


async def begin(connection: Connection, number: int, blocks: BlockRange) -> None:
    """Tell which blocks the work is over, before there is a result."""
    await connection.execute(
        "update requests set result = %s where id = %s and finished_at is null",
        (Jsonb({"blocks": {"first": blocks.first, "last": blocks.last}}), number),
    )


async def report(connection: Connection, number: int, *, read_through: int | None, trouble: str | None = None) -> bool:
    """Tell how far the work is and what holds it up; return whether it is still wanted."""
    told = await connection.execute(
        "update requests set read_through = %s, trouble = %s where id = %s and finished_at is null",
        (read_through, trouble, number),
    )
    return told.rowcount == 1


async def finish(connection: Connection, number: int, result: Mapping[str, Any], counts: Counts | None = None) -> bool:
    """Mark a request done, with its result; return False where it was cancelled before."""
    done = await connection.execute(
        """
        update requests set
            finished_at = clock_timestamp(), trouble = null, missing = %s, surplus = %s, changed = %s, result = %s
        where id = %s and finished_at is null
        """,
        (
            *((None, None, None) if counts is None else (counts.missing, counts.surplus, counts.changed)),
            Jsonb(result),
            number,
        ),
    )
    return done.rowcount == 1


async def fail(connection: Connection, number: int, error: str) -> bool:
    """Mark a request ended without a result, and why; return False where it had ended before."""
    ended = await connection.execute(
        """
        update requests set finished_at = clock_timestamp(), trouble = null, result = null, error = %s
        where id = %s and finished_at is null
        """,
        (error, number),
    )
    return ended.rowcount == 1


async def cancel(connection: Connection, number: int) -> bool:
    """Take a request back; return False where it had ended before."""
    return await fail(connection, number, CANCELLED)
