"""
Count how many providers beat in each hour, day and week, so that the number outlives their heartbeats.

    final heartbeats of an hour  ──► HOUR    once the hour is final
    days of providers            ──► DAY     when the day is folded
                                 ──► WEEK    the same: up to that day
"""

from datetime import UTC, date, datetime, timedelta

from indexer.heartbeat_store import first_beat_since
from models.values import Chain
from runtime.database import Connection

HOUR = timedelta(hours=1)


async def count_next_hour(connection: Connection, *, final_through: int, final_at: datetime) -> bool:
    """Count the oldest hour that is final, has heartbeats and is not counted yet; say whether there was one."""
    async with connection.transaction():
        await _hold(connection)
        beat = await first_beat_since(connection, await _counted_until(connection), through=final_through)
        if beat is None:
            return False
        start = beat.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        if start + HOUR > final_at:
            return False
        later = await first_beat_since(connection, start + HOUR, through=final_through)
        await connection.execute(
            """
            insert into seen_counts (interval, start, providers)
            select 'HOUR', %(start)s, count(distinct provider) from node_heartbeat
            where block_number >= %(first)s and block_number < %(later)s
            """,
            {"start": start, "first": beat.block, "later": later.block if later else final_through + 1},
        )
        return True


async def count_day(connection: Connection, day: date) -> None:
    """Count a day that was folded just now, and its week so far."""
    await connection.execute(
        """
        insert into seen_counts (interval, start, providers)
        select 'DAY', %(day)s::date::timestamp at time zone 'UTC', count(*) from provider_days where day = %(day)s
        """,
        {"day": day},
    )
    await _count_week(connection, day)


async def forget(connection: Connection, block: int, *, first_day: date | None) -> None:
    """
    Forget the hours that heartbeats above a block count into, and the days from one on, so that they are counted anew.

    Hours whose heartbeats are not all here any more stay as they are.
    """
    await _hold(connection)
    await connection.execute(
        """
        delete from seen_counts where interval = 'HOUR' and start >= coalesce(greatest(
            (
                select date_trunc('hour', block_time, 'UTC') from node_heartbeat
                where block_number <= %(block)s order by block_number desc, log_index desc limit 1
            ),
            (
                select date_trunc('hour', beat.block_time, 'UTC') + interval '1 hour'
                from checkpoints join node_heartbeat beat on block_number >= heartbeats_from
                where chain = %(chain)s and heartbeats_from > 0 order by block_number, log_index limit 1
            )
        ), '-infinity')
        """,
        {"block": block, "chain": Chain.OPBNB},
    )
    if first_day is not None:
        await connection.execute(
            """
            delete from seen_counts where interval = 'DAY' and start >= %(day)s::date::timestamp at time zone 'UTC'
                or interval = 'WEEK' and start >= date_trunc('week', %(day)s::date::timestamp) at time zone 'UTC'
            """,
            {"day": first_day},
        )
        await _count_week(connection, first_day)


async def _count_week(connection: Connection, day: date) -> None:
    """Count the week of a day, as far as it is folded."""
    await connection.execute(
        """
        insert into seen_counts (interval, start, providers)
        select 'WEEK', monday at time zone 'UTC', count(distinct provider)
        from (select date_trunc('week', %(day)s::date::timestamp) as monday) week
        join provider_days on day >= monday::date and day < monday::date + 7
        group by monday
        on conflict (interval, start) do update set providers = excluded.providers
        """,
        {"day": day},
    )


async def _counted_until(connection: Connection) -> datetime:
    """Return the end of the newest hour that is counted."""
    found = await connection.execute("select max(start) from seen_counts where interval = 'HOUR'")
    row = await found.fetchone()
    return datetime.min.replace(tzinfo=UTC) if row is None or row[0] is None else row[0] + HOUR


async def _hold(connection: Connection) -> None:
    """Let nobody else count or forget until the transaction ends; readers are not disturbed."""
    await connection.execute("lock table seen_counts in share row exclusive mode")
