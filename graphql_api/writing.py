"""
A transaction that writes, and what Postgres refuses turned into what a client may be told.

The pool's connections have read for snapshots before, so isolation is set anew: whoever writes must see in each
statement what others have committed by then.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg_pool import PoolClosed, PoolTimeout

from graphql_api.errors import TooSlow, Unavailable
from graphql_api.snapshot import WAIT_SECONDS
from runtime.database import Connection, Pool


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Open a transaction that commits when the block ends well. Raises `Declined`."""
    try:
        async with pool.connection(timeout=WAIT_SECONDS) as connection:
            await connection.set_read_only(False)
            await connection.set_isolation_level(psycopg.IsolationLevel.READ_COMMITTED)
            async with connection.transaction():
                yield connection
    except psycopg.errors.QueryCanceled as error:
        raise TooSlow("the database needed too long for this: try again in a moment") from error
    except (psycopg.OperationalError, PoolTimeout, PoolClosed) as error:
        raise Unavailable("the database cannot be reached, or is too busy: try again in a moment") from error
