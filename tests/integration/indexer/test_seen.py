"""How many providers beat in an hour, a day and a week, for good."""

from datetime import timedelta
from typing import Any

from indexer import seen_store, uptime_store
from runtime.database import Connection
from tests.integration.indexer.beats import OFFLINE_AFTER, at, beat, block_at, stand_at

HOUR = 3_600


async def count(connection: Connection) -> None:
    """Fold and count all there is."""
    while await uptime_store.fold_next(connection, OFFLINE_AFTER):
        pass
    while (final := await uptime_store.ground(connection)) and await seen_store.count_next_hour(
        connection, final_through=final.final_through, final_at=final.final_at
    ):
        pass


async def counted(connection: Connection, interval: str) -> list[tuple[timedelta, int]]:
    """Return what is counted, by the time since the dawn, which is on a Thursday."""
    rows: Any = await connection.execute(
        "select start, providers from seen_counts where interval = %s order by start", (interval,)
    )
    return [(row[0] - at(), row[1]) async for row in rows]


def days(number: float) -> timedelta:
    return timedelta(days=number)


async def test_each_provider_counts_once_in_each_interval(connection: Connection) -> None:
    """Hours once they are final, days and weeks as far as days are folded."""
    await beat(connection, 1, at(1), at(1, 5), at(1, HOUR), at(5), at(6))
    await beat(connection, 2, at(1, 9), at(2), at(4))
    await stand_at(connection, at(6, HOUR - 1))
    await count(connection)

    assert await counted(connection, "HOUR") == [
        (days(1), 2),
        (days(1) + timedelta(hours=1), 1),
        (days(2), 1),
        (days(4), 1),
        (days(5), 1),
    ]
    assert await counted(connection, "DAY") == [(days(1), 2), (days(2), 1), (days(4), 1), (days(5), 1)]
    assert await counted(connection, "WEEK") == [(days(-3), 2), (days(4), 2)]


async def test_what_is_not_final_is_not_counted(connection: Connection) -> None:
    """An hour is counted when a block of a later hour is final, and once."""
    await beat(connection, 1, at(1))
    await stand_at(connection, at(1, HOUR - 1))
    await count(connection)
    before = await counted(connection, "HOUR")
    await stand_at(connection, at(1, HOUR))
    await count(connection)
    await count(connection)

    assert (before, await counted(connection, "HOUR")) == ([], [(days(1), 1)])


async def test_a_repair_below_the_final_block_is_counted_anew(connection: Connection) -> None:
    """To the counts of one who never had it wrong; what came before it stays."""
    await beat(connection, 1, at(1), at(2), at(2, HOUR), at(3))
    await stand_at(connection, at(5))
    await count(connection)
    await uptime_store.unfold(connection, block_at(at(2, HOUR)) - 1)
    kept = [await counted(connection, interval) for interval in ("HOUR", "DAY", "WEEK")]
    await beat(connection, 2, at(2, HOUR), at(3))
    await count(connection)

    assert kept == [[(days(1), 1)], [(days(1), 1)], [(days(-3), 1)]]
    assert await counted(connection, "HOUR") == [
        (days(1), 1),
        (days(2), 1),
        (days(2) + timedelta(hours=1), 2),
        (days(3), 2),
    ]
    assert await counted(connection, "DAY") == [(days(1), 1), (days(2), 2), (days(3), 2)]
    assert await counted(connection, "WEEK") == [(days(-3), 2)]


async def test_hours_whose_heartbeats_are_gone_stay(connection: Connection) -> None:
    """Whatever is repaired: they could not be counted again."""
    await beat(connection, 1, *(at(day) for day in range(1, 7)))
    await stand_at(connection, at(7))
    await count(connection)
    before = [await counted(connection, interval) for interval in ("HOUR", "DAY", "WEEK")]
    await connection.execute("delete from node_heartbeat where block_time < %s", (at(3),))
    await connection.execute("update checkpoints set heartbeats_from = %s", (block_at(at(3)),))
    await uptime_store.unfold(connection, 0)
    kept = [start for start, _ in await counted(connection, "HOUR")]
    await count(connection)

    assert kept == [days(1), days(2), days(3)]
    assert before == [await counted(connection, interval) for interval in ("HOUR", "DAY", "WEEK")]
