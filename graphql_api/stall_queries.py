"""What keeps a chain from making progress, as its leader last told of its endpoints."""

from dataclasses import dataclass

from psycopg import sql

from graphql_api.snapshot import Snapshot

_STALLS = """
select chain.chain, chain.head, coalesce(led.until >= clock_timestamp(), false) as is_led,
    count(each.name) as endpoints, count(each.name) filter (where each.resting_reason is not null) as resting,
    max(each.head) as endpoints_head,
    string_agg(each.name || ': ' || each.resting_reason, '; ' order by each.rank) as resting_because
from checkpoints chain
left join leases led on led.chain = chain.chain
left join endpoints each on each.chain = chain.chain
group by chain.chain, led.until
"""


@dataclass(frozen=True, slots=True)
class Stall:
    """
    Who could bring a chain on, and what is known of its endpoints.

    `endpoints_head` is the newest block that any of them told of, `resting_because` what each says that rests.
    """

    chain: str
    head: int
    is_led: bool
    endpoints: int
    resting: int
    endpoints_head: int | None
    resting_because: str | None


async def stalls(snapshot: Snapshot) -> list[Stall]:
    """Return what could keep each chain from making progress."""
    return await snapshot.fetch(sql.SQL(_STALLS), {}, Stall)
