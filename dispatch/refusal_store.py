"""Count the reports that were refused, by day, reason and sender, where an operator finds them later."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from dispatch.judge import Refusal
from runtime.database import Pool

KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Refusing:
    """A reason to refuse a report, and whose it was (`decode.sender_of`)."""

    reason: Refusal
    sender: str


class RefusalStore:
    """How many reports were refused."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, refused: Counter[Refusing]) -> None:
        """Add to what was counted today."""
        # In one order, so that two reactors that count the same senders do not wait for each other in a circle.
        counted = sorted(refused.items(), key=lambda item: (item[0].reason.value, item[0].sender))
        async with self._pool.connection() as connection:
            await connection.execute(
                """
                insert into refusals (day, reason, sender, count, last_at)
                select (now() at time zone 'utc')::date, reason, sender, count, now()
                from unnest(%s::text[], %s::text[], %s::bigint[]) as counted (reason, sender, count)
                on conflict (day, reason, sender) do update
                    set count = refusals.count + excluded.count, last_at = excluded.last_at
                """,
                (
                    [each.reason.value for each, _ in counted],
                    [each.sender for each, _ in counted],
                    [count for _, count in counted],
                ),
            )

    async def forget(self) -> int:
        """Forget what was counted longer ago than is kept; return how many rows that were."""
        async with self._pool.connection() as connection:
            gone = await connection.execute(
                "delete from refusals where day < (now() at time zone 'utc' - %s)::date", (KEPT,)
            )
            return gone.rowcount
