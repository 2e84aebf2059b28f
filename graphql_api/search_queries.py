"""Every question of a search."""

from psycopg import sql

from graphql_api.page_queries import columns
from graphql_api.rows import ConcernedRow, JobRow
from graphql_api.snapshot import Snapshot
from models.state import JOBS, PROVIDERS


async def jobs_of_either(snapshot: Snapshot, address: str, *, limit: int) -> list[JobRow]:
    """Return the newest jobs of an address as provider, and as many of it as renter; newest first."""
    # Uses jobs_by_provider and jobs_by_renter.
    query = sql.SQL(
        """
        select {} from jobs it where it.job_id in (
            (
                select job_id from jobs where provider = %(address)s
                order by source_block desc, source_log_index desc limit %(limit)s
            )
            union all
            (
                select job_id from jobs where renter = %(address)s
                order by source_block desc, source_log_index desc limit %(limit)s
            )
        )
        order by it.source_block desc, it.source_log_index desc
        """
    ).format(columns(JobRow))
    return await snapshot.fetch(query, {"address": address, "limit": limit}, JobRow)


async def concerned(snapshot: Snapshot, transaction: bytes, *, limit: int) -> list[ConcernedRow]:
    """Return what the events of a transaction are about, and the job that it was to credit; as many as the limit."""
    # Uses the indexes by transaction.
    query = sql.SQL(
        """
        select job_id, provider from (
            select 0 as log_index, job_id, null::bytea as provider from credit_attempts
            where transaction_hash = %(transaction)s
            union all {}
        ) event
        group by job_id, provider order by min(log_index), job_id, provider limit %(limit)s
        """
    ).format(sql.SQL(" union all ").join([_events(table, key) for table, key in JOBS.facts + PROVIDERS.facts]))
    return await snapshot.fetch(query, {"transaction": transaction, "limit": limit}, ConcernedRow)


def _events(table: str, key: str) -> sql.Composed:
    job, provider = ("job_id", "null::bytea") if key == "job_id" else ("null::bytea", "provider")
    return sql.SQL(
        """
        select log_index, {}, {} from {}
        where substr(transaction_hash, 1, 4) = substr(%(transaction)s, 1, 4) and transaction_hash = %(transaction)s
        """
    ).format(sql.SQL(job), sql.SQL(provider), sql.Identifier(table))
