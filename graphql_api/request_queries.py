"""What became of requests to read blocks again."""

from collections.abc import Mapping, Sequence

from psycopg import sql

from graphql_api.rows import CreditPauseRow, ReindexRow
from graphql_api.snapshot import Snapshot

# Which blocks they are is known once the work begins; before, it is what would be read if it began now.
_REINDEXES = """
select it.id, it.chain, it.requested_by, it.requested_at, it.started_at, it.finished_at, it.read_through,
    it.missing, it.surplus, it.changed, it.trouble, it.error,
    coalesce((it.result #>> '{{blocks,first}}')::bigint, it.first_block, chain.start_block) as first_block,
    coalesce(
        (it.result #>> '{{blocks,last}}')::bigint, it.last_block,
        case when it.finished_at is null
            then greatest(least(chain.final_through, chain.number), it.first_block) else it.read_through end,
        it.first_block, chain.start_block
    ) as last_block,
    exists (select from leases where leases.chain = it.chain and leases.until >= now()) as is_led
from requests it join checkpoints chain on chain.chain = it.chain
where it.kind = 'REINDEX' {}
order by it.id desc limit %(limit)s
"""


async def credits_paused_reason(snapshot: Snapshot) -> str | None:
    """Return why signers sign no credits, or None while they do."""
    query = sql.SQL("select max(paused_reason) as reason from signers")
    return (await snapshot.fetch(query, {}, CreditPauseRow))[0].reason


async def reindexes(snapshot: Snapshot, limit: int) -> list[ReindexRow]:
    """Return the newest reindexes."""
    return await snapshot.fetch(sql.SQL(_REINDEXES).format(sql.SQL("")), {"limit": limit}, ReindexRow)


async def reindexes_by_number(snapshot: Snapshot, numbers: Sequence[int]) -> Mapping[int, ReindexRow]:
    """Return reindexes by their numbers."""
    query = sql.SQL(_REINDEXES).format(sql.SQL("and it.id = any(%(numbers)s)"))
    rows = await snapshot.fetch(query, {"numbers": list(numbers), "limit": len(numbers)}, ReindexRow)
    return {row.id: row for row in rows}
