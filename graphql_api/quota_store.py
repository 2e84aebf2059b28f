"""
Count what is rare and dear for all processes together: sign-ins and mutations, by the minute.

A process asks its own meter first, so a flood does not reach the database.
"""

import time

from graphql_api.meters import SECONDS, Meter, Quota, Standing
from graphql_api.writing import transaction
from runtime.database import Connection, Pool

TIDY_SECONDS = 60.0


class SharedMeter:
    """What people have left of one quota, whichever process they ask."""

    def __init__(self, quota: Quota, pool: Pool) -> None:
        self._quota = quota
        self._pool = pool
        self._own = Meter(quota)
        self._tidied_at = -TIDY_SECONDS

    async def take(self, holder: str, times: int = 1) -> Standing | None:
        """Take from somebody's quota, and return what is left of it; None where nobody counts. Raises `Declined`."""
        own = self._own.take(holder, times)
        if own is None or own.wait_seconds:
            return own
        async with transaction(self._pool) as connection:
            await self._tidy(connection)
            row = await (
                await connection.execute(
                    """
                    insert into quota_counts as quota (name, holder, minute, count)
                    values (%s, %s, date_trunc('minute', now()), %s)
                    on conflict (name, holder, minute) do update set count = quota.count + excluded.count
                    returning count, extract(epoch from minute + interval '1 minute' - now())::float8
                    """,
                    (self._quota.name, holder, times),
                )
            ).fetchone()
        assert row is not None, "an insert returns its row"
        count, left_seconds = row
        remaining = max(0, self._quota.count - count)
        if count > self._quota.count:
            return Standing(
                quota=self._quota, remaining=0, reset_seconds=left_seconds, wait_seconds=max(left_seconds, 0.001)
            )
        return Standing(quota=self._quota, remaining=min(remaining, own.remaining), reset_seconds=left_seconds)

    async def _tidy(self, connection: Connection) -> None:
        """Delete the counts of minutes gone by, once in a while."""
        if time.monotonic() - self._tidied_at < TIDY_SECONDS:
            return
        self._tidied_at = time.monotonic()
        await connection.execute(
            "delete from quota_counts where minute < now() - make_interval(secs => %s)", (2 * SECONDS,)
        )
