"""What happened in the last minutes, hours, days and weeks."""

from typing import Any

import pytest

from models.values import Chain
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import Market, beat, claimed, confirmed, created, shown

HOUR, DAY = 3_600, 86_400
ACTIVITY = """query ($interval: Interval!, $last: Int!) { activity(interval: $interval, last: $last) {
    start jobsCreated jobsConfirmed volume providersSeen
} }"""


async def asked(api: Client, interval: str, last: int) -> list[tuple[Any, ...]]:
    """Return the intervals."""
    found = (await api.ask(ACTIVITY, interval=interval, last=last))["activity"]
    return [tuple(point.values()) for point in found]


@pytest.fixture
async def three_days(market: Market) -> None:
    """Jobs and heartbeats on Thursday, Friday and Sunday, up to Sunday 01:30; dawn is a Thursday."""
    await market.commit(
        created(1, HOUR, payment=5),
        created(2, DAY - 1, payment=2**255),
        created(3, DAY, payment=1),
        confirmed(1, DAY + 5),
        claimed(1, DAY + 6, amount=5),
        created(4, 3 * DAY + HOUR, payment=3),
        beat("a", DAY, log_index=1),
        beat("a", 3 * DAY + 1),
        beat("b", 3 * DAY + HOUR, log_index=2),
    )
    await market.checkpoint(Chain.BSC, number=3 * DAY + HOUR)
    await market.checkpoint(Chain.OPBNB, number=3 * DAY + HOUR + 1_800)


@pytest.mark.usefixtures("three_days")
async def test_days_are_whole_and_empty_ones_are_there(api: Client) -> None:
    """Each begins at midnight UTC; the last is the running one. Providers that were seen since count."""
    assert await asked(api, "DAY", 4) == [
        (shown(0), 2, 0, str(2**255 + 5), 0),
        (shown(DAY), 1, 1, "1", 1),
        (shown(2 * DAY), 0, 0, "0", 1),
        (shown(3 * DAY), 1, 0, "3", 2),
    ]


@pytest.mark.usefixtures("three_days")
async def test_hours_and_weeks(api: Client) -> None:
    """Weeks begin on Monday: dawn's began three days before it."""
    assert await asked(api, "HOUR", 2) == [(shown(3 * DAY), 0, 0, "0", 1), (shown(3 * DAY + HOUR), 1, 0, "3", 1)]
    assert await asked(api, "WEEK", 2) == [
        (shown(-10 * DAY), 0, 0, "0", 0),
        (shown(-3 * DAY), 4, 1, str(2**255 + 9), 2),
    ]


@pytest.mark.usefixtures("three_days")
async def test_minutes(api: Client, market: Market) -> None:
    """Nobody counts them for good: of each it is the providers that were there and were seen since."""
    newest = 3 * DAY + HOUR + 1_800
    await market.commit(beat("a", newest - 30), beat("c", newest + 1))
    await market.checkpoint(Chain.OPBNB, number=newest + 1)

    assert await asked(api, "MINUTE", 3) == [
        (shown(newest - 120), 0, 0, "0", 1),
        (shown(newest - 60), 0, 0, "0", 1),
        (shown(newest), 0, 0, "0", 1),
    ]


@pytest.mark.usefixtures("three_days")
async def test_what_is_counted_outlives_its_heartbeats(api: Client, market: Market) -> None:
    """Of an interval that is over and final the indexer's count is told, whatever state says by then."""
    for interval, block, count in (("HOUR", 3 * DAY, 7), ("DAY", 0, 8), ("WEEK", -3 * DAY, 9)):
        await market.execute("insert into seen_counts values (%s, %s, %s)", interval, shown(block), count)
    await market.execute(
        "insert into provider_days values ('a', %s, 1, %s, %s, 1)", shown(2 * DAY)[:10], shown(2 * DAY), shown(2 * DAY)
    )

    assert [point[4] for point in await asked(api, "HOUR", 2)] == [7, 1]
    assert [point[4] for point in await asked(api, "DAY", 4)] == [8, 0, 0, 2]
    assert [point[4] for point in await asked(api, "WEEK", 1)] == [2]


async def test_before_anything_is_indexed_there_is_no_running_interval(api: Client) -> None:
    """So there is nothing to show."""
    assert await asked(api, "DAY", 30) == []


async def test_how_many_is_bounded(api: Client) -> None:
    """A chart has so many points."""
    error = await api.refusal(ACTIVITY, interval="WEEK", last=105)

    assert error["message"] == "last must be 1 to 104 for interval WEEK, not 105"
    assert error["extensions"]["code"] == "BAD_INPUT"
