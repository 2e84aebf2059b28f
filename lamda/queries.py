"""What the face reads from the database."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from psycopg.rows import dict_row

from lamda.status import ChainStatus, EndpointStatus, OpenWork, RefusalStatus, RequestStatus
from models.values import Chain
from runtime.database import Connection, Pool


async def chains(pool: Pool) -> list[Chain]:
    """Return the chains that this database has, in a fixed order."""
    async with pool.connection() as connection:
        rows = await (await connection.execute("select chain from checkpoints")).fetchall()
    return [chain for chain in Chain if (chain.value,) in rows]


async def is_led(pool: Pool, chain: Chain) -> bool:
    """Say whether an indexer leads the chain now."""
    async with pool.connection() as connection:
        row = await (
            await connection.execute(
                "select exists (select from leases where chain = %s and until >= clock_timestamp())",
                (chain,),
            )
        ).fetchone()
    return row is not None and bool(row[0])


async def chain_statuses(pool: Pool) -> list[ChainStatus]:
    """
    Return the status of every chain that this database has, in a fixed order.

    Its head is the newest block that we know of: where nothing is committed, the one that endpoints tell of.
    """
    async with pool.connection() as connection:
        await connection.execute("set transaction isolation level repeatable read, read only")
        found = {
            row["chain"]: row
            for row in await _rows(
                connection,
                """
                select chain, greatest(head, (
                        select max(endpoints.head) from endpoints
                        where endpoints.chain = checkpoints.chain and coalesce(resting_until <= now(), true)
                    )) as head, finalized, final_through, number as indexed, state_through, start_block,
                    extract(epoch from now() - block_time)::float as lag_seconds,
                    extract(epoch from now() - updated_at)::float as updated_seconds_ago,
                    blocks_per_second, paused_reason, paused_fork, heartbeats_from,
                    case when until >= now() then leader end as leader, leader_epoch,
                    greatest(extract(epoch from until - now())::float, 0) as lease_seconds_left
                from checkpoints left join leases using (chain)
                """,
            )
        }
        proofs = await _proofs(connection)
        endpoints = await _endpoints(connection)
        requests = await _requests(connection)
    return [
        ChainStatus(**found[chain], proofs=proofs[chain], endpoints=endpoints[chain], requests=requests[chain])
        for chain in Chain
        if chain in found
    ]


async def refusals_today(pool: Pool, *, sender: str | None = None) -> list[RefusalStatus]:
    """Return why reports, of one sender or of all, were refused on this UTC day, the most frequent reason first."""
    async with pool.connection() as connection:
        rows = await _rows(
            connection,
            """
            select reason, sum(count)::bigint as count, count(*) as senders,
                extract(epoch from now() - max(last_at))::float as last_seconds_ago
            from refusals
            where day = (now() at time zone 'utc')::date and (%(sender)s::text is null or sender = %(sender)s)
            group by reason order by sum(count) desc, reason
            """,
            {"sender": sender},
        )
    return [RefusalStatus(**row) for row in rows]


async def open_work(pool: Pool) -> OpenWork:
    """Return how many open jobs stand where, by the index jobs_by_status, and how many of them are in trouble."""
    async with pool.connection() as connection:
        jobs = await _rows(
            connection,
            """
            select status, count(*) as count from jobs
            where status in ('CREATED', 'ASSIGNED', 'RUNNING') group by status
            """,
        )
        troubles = await _rows(
            connection,
            """
            select trouble, count(*) as count from told_reasons
            where trouble is not null group by trouble order by count(*) desc, trouble
            """,
        )
    return OpenWork(
        jobs={row["status"]: row["count"] for row in jobs}, troubles={row["trouble"]: row["count"] for row in troubles}
    )


async def _proofs(connection: Connection) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await _rows(
        connection,
        """
        select chain, level, sum(upper(part) - lower(part))::bigint as blocks
        from proofs cross join lateral unnest(blocks) as part group by chain, level
        """,
    ):
        found[row["chain"]][row["level"]] = row["blocks"]
    return found


async def _endpoints(connection: Connection) -> dict[str, list[EndpointStatus]]:
    found: dict[str, list[EndpointStatus]] = defaultdict(list)
    for row in await _rows(
        connection,
        """
        select chain, name, head, finalized, latency_ms, range_blocks, requests_per_second_max,
            case when resting_until > now() then extract(epoch from resting_until - now())::float end
                as rests_for_seconds,
            case when resting_until > now() then resting_reason end as rests_because,
            extract(epoch from now() - updated_at)::float as seen_seconds_ago
        from endpoints order by chain, rank
        """,
    ):
        found[row.pop("chain")].append(EndpointStatus(**row))
    return found


async def _requests(connection: Connection) -> dict[str, list[RequestStatus]]:
    found: dict[str, list[RequestStatus]] = defaultdict(list)
    for row in await _rows(
        connection,
        """
        select id, chain, kind, requested_by, extract(epoch from now() - requested_at)::float as asked_seconds_ago,
            started_at is not null as is_begun, read_through, trouble,
            coalesce((result #>> '{blocks,first}')::bigint, first_block) as first_block,
            coalesce((result #>> '{blocks,last}')::bigint, last_block) as last_block
        from requests where finished_at is null order by id
        """,
    ):
        found[row.pop("chain")].append(RequestStatus(**row))
    return found


async def _rows(
    connection: Connection, query: str, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(query, parameters)).fetchall()
