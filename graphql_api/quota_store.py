"""
Count what is rare and dear for all processes together: sign-ins and mutations.

Somebody's minute begins when they do the first of them. A process asks its own meter first, so a flood does not reach
the database.
"""

import time
from datetime import timedelta

from graphql_api.meters import SECONDS, Meter, Quota, Standing
from graphql_api.writing import transaction
from runtime.database import Connection, Pool

WINDOW = timedelta(seconds=SECONDS)
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
                    insert into quota_counts as quota (name, holder, since, count) values (%s, %s, now(), %s)
                    on conflict (name, holder) do update set
                        since = case when quota.since > now() - %s then quota.since else excluded.since end,
                        count = case when quota.since > now() - %s then quota.count else 0 end + excluded.count
                    returning count, extract(epoch from since + %s - now())::float8
                    """,
                    (self._quota.name, holder, times, WINDOW, WINDOW, WINDOW),
                )
            ).fetchone()
        assert row is not None, "an insert returns its row"
        count, left_seconds = row
        return Standing(
            quota=self._quota,
            remaining=min(max(0, self._quota.count - count), own.remaining),
            reset_seconds=left_seconds,
            wait_seconds=max(left_seconds, 0.001) if count > self._quota.count else 0.0,
        )

    async def _tidy(self, connection: Connection) -> None:
        """Delete counts that no longer count, once in a while."""
        if time.monotonic() - self._tidied_at < TIDY_SECONDS:
            return
        self._tidied_at = time.monotonic()
        # Another process may be tidying too: neither waits for the other.
        await connection.execute(
            """
            delete from quota_counts where (name, holder) in (
                select name, holder from quota_counts where since < now() - %s for update skip locked
            )
            """,
            (WINDOW,),
        )
