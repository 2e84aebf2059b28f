"""Where our copies of the chains stand."""

from psycopg import sql

from graphql_api.page_queries import columns
from graphql_api.rows import CheckpointRow
from graphql_api.snapshot import Snapshot


async def checkpoints(snapshot: Snapshot) -> list[CheckpointRow]:
    """Return the checkpoint of each chain that has one, with the database's time."""
    # The relation is called `it` and carries the time beside the table's own columns.
    query = sql.SQL("select {} from (select *, clock_timestamp() as now from checkpoints) it order by chain").format(
        columns(CheckpointRow)
    )
    return await snapshot.fetch(query, {}, CheckpointRow)
