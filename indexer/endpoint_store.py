"""Keep how the endpoints of a chain are, for whoever wants to see it (`lamda status`)."""

from collections.abc import Sequence
from datetime import timedelta

from chain.endpoint import Endpoint
from models.values import Chain
from runtime.database import Connection


async def write(connection: Connection, chain: Chain, endpoints: Sequence[Endpoint]) -> None:
    """Replace what is known of a chain's endpoints."""
    names = [endpoint.name for endpoint in endpoints]
    await connection.execute("delete from endpoints where chain = %s and name <> all(%s)", (chain, names))
    for endpoint in endpoints:
        await connection.execute(
            """
            insert into endpoints (
                chain, name, rank, head, finalized, latency_ms, range_blocks, requests_per_second_max,
                resting_until, resting_reason, updated_at
            ) values (
                %(chain)s, %(name)s, %(rank)s, %(head)s, %(finalized)s, %(latency_ms)s, %(range_blocks)s, %(pace)s,
                now() + %(rests_for)s, %(reason)s, now()
            )
            on conflict (chain, name) do update set
                rank = excluded.rank, head = excluded.head, finalized = excluded.finalized,
                latency_ms = excluded.latency_ms, range_blocks = excluded.range_blocks,
                requests_per_second_max = excluded.requests_per_second_max,
                resting_until = excluded.resting_until, resting_reason = excluded.resting_reason, updated_at = now()
            """,
            {"chain": chain, **_columns(endpoint)},
        )


def _columns(endpoint: Endpoint) -> dict[str, object]:
    latency, rest = endpoint.latency_seconds, endpoint.rests
    return {
        "name": endpoint.name,
        "rank": endpoint.rank,
        "head": endpoint.height,
        "finalized": endpoint.finalized,
        "latency_ms": None if latency is None else round(1000 * latency),
        "range_blocks": endpoint.range_size,
        "pace": endpoint.requests_per_second_max,
        "rests_for": None if rest is None else timedelta(seconds=endpoint.rests_for_seconds),
        "reason": None if rest is None else rest.reason,
    }
