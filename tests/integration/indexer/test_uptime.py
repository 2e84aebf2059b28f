"""What days of heartbeats amount to, to the second."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer import uptime_store
from runtime.database import Connection
from tests.integration.indexer.beats import OFFLINE_AFTER, at, beat, block_at, days, rows, stand_at

DAY = 86_400
LIMIT = int(OFFLINE_AFTER.total_seconds())
# Most of them where days meet, and the rest anywhere.
SECONDS = st.integers(-2_000, 2_000) | st.integers(DAY - 2_000, DAY + 2_000) | st.integers(0, DAY)
BEATS = st.dictionaries(st.integers(1, 3), st.lists(SECONDS, min_size=1, max_size=12), min_size=1)


async def fold(connection: Connection, offline_after: timedelta = OFFLINE_AFTER) -> int:
    """Fold all there is to fold; return how many days that were."""
    folded = 0
    while await uptime_store.fold_next(connection, offline_after):
        folded += 1
    return folded


def expected(beats: dict[int, list[int]], limit: int) -> list[tuple[int, int, int, int]]:
    """Return the days before and after the dawn as somebody would count who looks every second."""
    return [
        (who, day, len(own), len(online & set(range(DAY * day, DAY * day + DAY))))
        for day in (-1, 0)
        for who, moments in sorted(beats.items())
        if (own := [moment for moment in moments if moment // DAY == day])
        and (online := {second for moment in moments for second in range(moment, moment + limit)})
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(beats=BEATS, limit=st.sampled_from([1, 300, LIMIT, 1_999]))
async def test_a_day_is_what_somebody_saw_who_looked_every_second(
    connection: Connection, beats: dict[int, list[int]], limit: int
) -> None:
    """Beats, and seconds online: each second once, however beats overlap, and only those of the day."""
    async with connection.transaction(force_rollback=True):
        for who, moments in beats.items():
            await beat(connection, who, *(at(10, moment) for moment in moments))
        await stand_at(connection, at(days=11, seconds=2_000))
        await fold(connection, timedelta(seconds=limit))
        found = [(who, day - 10, count, seconds) for who, day, count, seconds in await days(connection)]

    assert expected(beats, limit) == found


async def test_first_and_last_beat_are_those_of_the_day(connection: Connection) -> None:
    """What counts into the day from the one before is no beat of it."""
    await beat(connection, 1, at(1, -1), at(1, 5), at(1, 7), at(2, 1))
    await stand_at(connection, at(2, 1))
    await fold(connection)

    found = [(row["day"], row["first_beat"], row["last_beat"]) for row in await rows(connection, "provider_days")]
    assert found == [
        ("2026-01-01", "2026-01-01T23:59:59+00:00", "2026-01-01T23:59:59+00:00"),
        ("2026-01-02", "2026-01-02T00:00:05+00:00", "2026-01-02T00:00:07+00:00"),
    ]


async def test_parts_of_a_second_are_added_up_before_they_are_cut(connection: Connection) -> None:
    """Three stretches of 2.7 seconds are 8 seconds, not 6."""
    await beat(connection, 1, at(1), at(1, 10), at(1, 20))
    await stand_at(connection, at(2))
    await fold(connection, timedelta(seconds=2.7))

    assert await days(connection) == [(1, 1, 3, 8)]


@pytest.mark.parametrize(("end", "folded"), [(at(2, -0.25), 0), (at(2), 1)], ids=["its last block", "the next block"])
async def test_a_day_is_folded_when_a_block_of_a_later_day_is_final(
    connection: Connection, end: Any, folded: int
) -> None:
    """Until then another heartbeat may come into it."""
    await beat(connection, 1, at(1))
    await stand_at(connection, end)

    assert folded == await fold(connection)


async def test_what_is_not_final_does_not_end_a_day(connection: Connection) -> None:
    """A rewind may still take it away."""
    await beat(connection, 1, at(1), at(2))
    await stand_at(connection, at(2))
    await connection.execute("update checkpoints set final_through = %s", (block_at(at(1, 5)),))
    await connection.execute("insert into blocks values ('opbnb', %s, '', '', %s)", (block_at(at(1, 5)), at(1, 5)))

    assert await fold(connection) == 0


async def test_days_are_folded_once_in_their_order(connection: Connection) -> None:
    """Days without heartbeats are passed over, and a second look finds nothing to do."""
    await beat(connection, 1, at(1), at(9), at(30))
    await stand_at(connection, at(31))
    folded = [await uptime_store.fold_next(connection, OFFLINE_AFTER) for _ in range(4)]

    assert [day and (day.day - at().date()).days for day in folded] == [1, 9, 30, None]


async def test_without_heartbeats_there_is_nothing_to_fold(connection: Connection) -> None:
    """Nor without a checkpoint."""
    assert await fold(connection) == 0
    await stand_at(connection, at(9))

    assert await fold(connection) == 0


async def test_a_repair_below_the_final_block_is_folded_anew(connection: Connection) -> None:
    """The day it was made in and those after it, to the rows of one who never had it wrong."""
    await beat(connection, 1, at(1), at(2), at(3))
    await stand_at(connection, at(4))
    await fold(connection)
    await uptime_store.unfold(connection, block_at(at(2)) - 1)
    kept = [row[1] for row in await days(connection)]
    await beat(connection, 1, at(2, DAY - 1))
    await fold(connection)

    assert kept == []
    assert await days(connection) == [(1, 1, 1, LIMIT), (1, 2, 2, LIMIT + 1), (1, 3, 1, LIMIT)]


async def test_days_whose_heartbeats_are_gone_are_never_forgotten(connection: Connection) -> None:
    """Whatever is repaired: from what is left they could not be told again."""
    await beat(connection, 1, *(at(day) for day in range(1, 7)))
    await stand_at(connection, at(7))
    await fold(connection)
    before = await days(connection)
    await connection.execute("delete from node_heartbeat where block_time < %s", (at(3),))
    await connection.execute("update checkpoints set heartbeats_from = %s", (block_at(at(3)),))
    await uptime_store.unfold(connection, 0)
    kept = [row[1] for row in await days(connection)]
    await fold(connection)

    assert kept == [1, 2, 3, 4]
    assert before == await days(connection)
