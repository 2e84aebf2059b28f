"""
Fold final heartbeats into days, one statement a day.

    heartbeats  ─────────────┬──────────────┬────────┬──────── ▶
                  folded day │ folded day   │  next  │  not over, or not final
                                            └ the newest day of `provider_days` ends here

A day is folded when a block of a later day is final: then no heartbeat can come into it or leave it, for a rewind ends
at the final block. Only a person's word goes below: who takes back or repairs facts there calls `unfold`.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from indexer import seen_store
from indexer.heartbeat_store import Beat, first_beat_since
from models.values import Chain
from runtime.database import Connection

DAY = timedelta(days=1)
BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """How far heartbeats are final, by block and by time, and how far state follows from them."""

    final_through: int
    final_at: datetime
    state_through: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A day that was folded: how many providers beat in it, and how often."""

    day: date
    providers: int
    beats: int


async def ground(connection: Connection) -> Ground | None:
    """Return how far heartbeats are final, or None while none can be."""
    rows = await connection.execute(
        """
        select final_through, time, state_through from checkpoints
        cross join lateral (
            -- The header of that very block may not be among those kept; an older one is true too.
            select time from blocks where chain = checkpoints.chain and number <= final_through
            order by number desc limit 1
        ) final
        where chain = %s
        """,
        (Chain.OPBNB,),
    )
    row = await rows.fetchone()
    return None if row is None else Ground(final_through=row[0], final_at=row[1], state_through=row[2])


async def fold_next(connection: Connection, offline_after: timedelta) -> Folded | None:
    """Fold the oldest day that is final, has heartbeats and is not folded yet; return None when there is none."""
    async with connection.transaction():
        await _hold(connection)
        final = await ground(connection)
        if final is None:
            return None
        beat = await first_beat_since(connection, await folded_until(connection), through=final.final_through)
        if beat is None or midnight(_day(beat)) + DAY > final.final_at:
            return None
        folded = await _fold(connection, _day(beat), offline_after, final)
        await seen_store.count_day(connection, folded.day)
        # Not left to autovacuum: a plan made while the table was empty reads it whole for every provider.
        await connection.execute("analyze provider_days")
        return folded


async def folded_until(connection: Connection) -> datetime:
    """Return the end of the newest day that is folded."""
    row = await (await connection.execute("select max(day) from provider_days")).fetchone()
    return BEGINNING if row is None or row[0] is None else midnight(row[0]) + DAY


async def unfold(connection: Connection, block: int) -> None:
    """
    Forget the days that heartbeats above a block count into, so that they are folded anew.

    For who inserts or deletes heartbeats that are final: first, in the same transaction, with the checkpoint's row
    locked. Days whose heartbeats are not all here stay as they are.
    """
    await _hold(connection)
    deleted = await connection.execute(
        """
        with oldest as (
            select (beat.block_time at time zone 'UTC')::date as day, heartbeats_from > 0 as is_cut
            from checkpoints join node_heartbeat beat on block_number >= heartbeats_from
            where chain = %(chain)s order by block_number, log_index limit 1
        ),
        before as (
            select (block_time at time zone 'UTC')::date as day from node_heartbeat
            where block_number <= %(block)s order by block_number desc, log_index desc limit 1
        )
        delete from provider_days using oldest left join before on true
        -- A heartbeat of the day before counts into a day: of what is cut, the second whole day is the first to trust.
        where provider_days.day >= coalesce(greatest(before.day, case when is_cut then oldest.day + 2 end), '-infinity')
        returning provider_days.day
        """,
        {"block": block, "chain": Chain.OPBNB},
    )
    days = [row[0] async for row in deleted]
    await seen_store.forget(connection, block, first_day=min(days, default=None))


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins."""
    return datetime.combine(day, time(), UTC)


async def _hold(connection: Connection) -> None:
    """Let nobody else fold or unfold until the transaction ends; readers are not disturbed."""
    await connection.execute("lock table provider_days in share row exclusive mode")


async def _fold(connection: Connection, day: date, offline_after: timedelta, final: Ground) -> Folded:
    begin, end = midnight(day), midnight(day) + DAY
    first = await first_beat_since(connection, begin - offline_after, through=final.final_through)
    later = await first_beat_since(connection, end, through=final.final_through)
    rows = await connection.execute(
        """
        with beats as (
            select provider, block_time as at,
                lead(block_time) over (partition by provider order by block_number, log_index) as next
            from node_heartbeat where block_number >= %(first)s and block_number < %(later)s
        ),
        folded as (
            insert into provider_days (provider, day, beats, first_beat, last_beat, online_seconds)
            select provider, %(day)s,
                count(*) filter (where at >= %(begin)s), min(at) filter (where at >= %(begin)s), max(at),
                floor(extract(epoch from sum(greatest(
                    least(next, at + %(offline_after)s, %(end)s) - greatest(at, %(begin)s), interval '0'
                ))))
            from beats group by provider having max(at) >= %(begin)s
            returning beats
        )
        select count(*), coalesce(sum(beats), 0) from folded
        """,
        {
            "day": day,
            "begin": begin,
            "end": end,
            "offline_after": offline_after,
            "first": first.block if first else 0,
            "later": later.block if later else final.final_through + 1,
        },
    )
    (row,) = await rows.fetchall()
    return Folded(day=day, providers=row[0], beats=row[1])


def _day(beat: Beat) -> date:
    return beat.at.astimezone(UTC).date()
