"""
What was, as of a block: the relations that stand for state tables and facts then.

State is derived by the statement of `models.state`, over facts bounded by the block. What never changes about a job is
taken from its row, so that pages in the order of creation are found by their index, and only their jobs derived.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from psycopg import sql

from graphql_api.as_of import AsOf, Ground
from graphql_api.page_queries import columns
from graphql_api.rows import GroundRow, JobRow, ProviderRow
from graphql_api.snapshot import Snapshot
from models.state import JOBS, PROVIDERS, bounded
from models.values import Chain

FIXED = {
    *("job_id", "renter", "provider", "payment", "created_at"),
    *("source_block", "source_hash", "source_transaction", "source_log_index"),
}
"""What the first `JobCreated` says of a job, which no later fact changes."""


def jobs_as_of(as_of: AsOf) -> sql.Composable:
    """Return the relation of all jobs, with the columns of `JobRow`; it takes the parameters of `through`."""
    if as_of.bsc is None:
        return sql.Identifier("jobs")
    names = [sql.Identifier("known" if name in FIXED else "past", name) for name in JobRow.__slots__]
    return sql.SQL(
        "(select {} from jobs known cross join lateral ({}) past where known.source_block <= %(through)s)"
    ).format(sql.SQL(", ").join(names), sql.SQL(JOBS.as_of("select known.job_id as key")))


def through(as_of: AsOf) -> Mapping[str, int | None]:
    """Return the parameters of `jobs_as_of` and `facts_as_of`."""
    return {"through": as_of.bsc, "bsc": as_of.bsc, "opbnb": as_of.opbnb}


def facts_as_of(as_of: AsOf, *tables: str) -> sql.SQL:
    """Return what stands before a query to let it see, of these fact tables, only what counts; it takes `through`."""
    parts = []
    for table in tables:
        chain, block = (Chain.BSC, as_of.bsc) if table in _ON_BSC else (Chain.OPBNB, as_of.opbnb)
        if block is not None:
            parts.append(bounded(table, f"block_number <= %({chain.value})s"))
    return sql.SQL(f"with {', '.join(parts)} " if parts else "")


async def ground_row(snapshot: Snapshot, block: int) -> GroundRow | None:
    """Return what is known around a block of opBNB, or None before anything is. Uses primary keys only."""
    query = sql.SQL(
        """
        select before.number as before_number, before.time as before_time,
            after.number as after_number, after.time as after_time,
            case when heartbeats_from > 0 then coalesce(
                (
                    select (block_time at time zone 'UTC')::date from node_heartbeat
                    where block_number >= heartbeats_from order by block_number, log_index limit 1
                ),
                (select max(day) from provider_days)
            ) end as cut_day
        from checkpoints
        left join lateral (
            select * from ({}) every (number, time) order by number desc limit 1
        ) before on true
        cross join lateral (
            select * from (
                {} union all select checkpoints.number, checkpoints.block_time
            ) every (number, time) order by number limit 1
        ) after
        where chain = 'opbnb'
        """
    ).format(_nearest("<=", "desc"), _nearest(">=", "asc"))
    found = await snapshot.fetch(query, {"block": block}, GroundRow)
    return found[0] if found else None


async def providers_by_address(
    snapshot: Snapshot, addresses: Sequence[str], *, block: int, ground: Ground, offline_after: timedelta
) -> Mapping[str, ProviderRow]:
    """Return the providers of these EIP-55 addresses that were known."""
    query = sql.SQL(
        """
        select {} from (
            select known.id, past.* from providers known cross join lateral ({}) past
            where known.wallet_address = any(%(addresses)s)
        ) it
        """
    ).format(
        columns(ProviderRow),
        sql.SQL(PROVIDERS.as_of("select decode(substr(known.wallet_address, 3), 'hex') as key")),
    )
    parameters = {
        "addresses": list(addresses),
        "through": block,
        "folded_through": ground.folded_through,
        "online_since": ground.at - offline_after,
    }
    return {row.wallet_address: row for row in await snapshot.fetch(query, parameters, ProviderRow)}


_ON_BSC = {table for table, _ in JOBS.facts}
_ON_OPBNB = (*(table for table, _ in PROVIDERS.facts), "ownership_transferred")


def _nearest(comparison: str, direction: str) -> sql.Composed:
    """Return the query for the blocks of opBNB that each table knows nearest to `block`."""
    header = sql.SQL(
        "(select number, time from blocks where chain = 'opbnb' and number {} %(block)s order by 1 {} limit 1)"
    )
    fact = sql.SQL("(select block_number, block_time from {} where block_number {} %(block)s order by 1 {} limit 1)")
    side = sql.SQL(comparison), sql.SQL(direction)
    return sql.SQL(" union all ").join(
        [header.format(*side), *(fact.format(sql.Identifier(table), *side) for table in _ON_OPBNB)]
    )
