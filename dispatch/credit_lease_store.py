"""
The signer's lease: an advisory lock of the one session through which its books are written.

A reactor that loses the connection loses the lease and can write nothing more, so there is never a second signer. One
that hangs stops beating; whoever waits for the lease then ends its session. What it sends after that is stored, and
known to whoever signs next.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta

import psycopg

from dispatch.credit_store import CreditStore
from models.values import checksum_address
from runtime.database import Connection

Connect = Callable[[], AbstractAsyncContextManager[Connection]]

LEASE = 7_041_204
HANGS_AFTER = timedelta(seconds=60)
"""How long after its last beat a signer counts as hung."""


class LeaseTaken(Exception):
    """Another reactor signs."""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """Yield a connection of its own for a signer."""
    async with await psycopg.AsyncConnection.connect(
        url, autocommit=True, application_name="lamda-signer", options="-c timezone=UTC"
    ) as connection:
        yield connection


@asynccontextmanager
async def lease(connect: Connect, signer: bytes) -> AsyncIterator[CreditStore]:
    """Take the signer's lease and yield its books; it ends with the connection. Raises `LeaseTaken`."""
    key = int.from_bytes(hashlib.sha256(signer).digest()[:4], signed=True)
    async with connect() as connection:
        row = await (await connection.execute("select pg_try_advisory_lock(%s, %s)", (LEASE, key))).fetchone()
        if row is None or not row[0]:
            await connection.execute(_END_HUNG, {"class": LEASE, "key": key, "signer": signer, "after": HANGS_AFTER})
            raise LeaseTaken(f"another reactor holds the lease of {checksum_address(signer)}")
        store = CreditStore(connection, signer)
        await store.beat(waits_for="", balance_wei=None)
        try:
            yield store
        finally:
            # The server notices a closed connection a moment later; whoever comes next need not wait for that.
            with suppress(psycopg.Error):
                await connection.execute("select pg_advisory_unlock(%s, %s)", (LEASE, key))


_END_HUNG = """
select pg_terminate_backend(pid) from pg_locks
where locktype = 'advisory' and granted and classid = %(class)s and objid::bigint = %(key)s::bigint & 4294967295
    and database = (select oid from pg_database where datname = current_database())
    and exists (select from signers where address = %(signer)s and beat_at < clock_timestamp() - %(after)s)
"""
