"""How much heartbeats kept a provider online, as far as days are folded."""

from datetime import timedelta
from typing import Any

import pytest

from graphql_api.program import open_world
from models.values import Chain
from runtime.settings import ApiSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.counting import statements
from tests.integration.graphql_api.market import DAWN, Market, address, registered, somebody

UPTIME = """query ($address: Address!, $days: Int!) { provider(address: $address) {
    uptime(days: $days) uptimeHistory(days: $days)
} }"""
HALF = 43_200


async def fold(market: Market, name: str, day: int, seconds: int, *, first: float = 0) -> None:
    """Let a provider have been online on a day; `first` is when on that day, in seconds, it first beat."""
    begin = DAWN + timedelta(days=day)
    await market.execute(
        "insert into provider_days (provider, day, beats, first_beat, last_beat, online_seconds)"
        " values (%s, %s, 2, %s, %s, %s)",
        *(somebody(name), begin.date(), begin + timedelta(seconds=first), begin + timedelta(days=0.99), seconds),
    )


async def asked(api: Client, days: int, name: str = "provider") -> tuple[Any, Any]:
    """Return uptime and its history."""
    found = (await api.ask(UPTIME, address=address(name), days=days))["provider"]
    return found["uptime"], found["uptimeHistory"]


async def test_before_the_first_day_is_folded_nothing_is_known(api: Client, market: Market) -> None:
    """There is a value for each day that was asked for, and each is null."""
    await market.commit(registered("provider", 1))

    assert await asked(api, 2) == (None, [None, None])


async def test_a_provider_without_a_heartbeat_has_no_uptime(api: Client, market: Market) -> None:
    """Though others have."""
    await market.commit(registered("provider", 1))
    await fold(market, "other", 1, HALF)

    assert await asked(api, 2) == (None, [None, None])


async def test_each_folded_day_has_its_share_oldest_first(api: Client, market: Market) -> None:
    """Null before the first heartbeat, nothing on a day without one, and the mean of those since the first."""
    await market.commit(registered("provider", 1))
    for day, seconds in ((1, 21_600), (2, 86_400), (4, HALF)):
        await fold(market, "provider", day, seconds)

    assert await asked(api, 5) == (0.4375, [None, 0.25, 1.0, 0.0, 0.5])


async def test_the_first_day_counts_from_the_first_heartbeat(api: Client, market: Market) -> None:
    """Who came at noon and stayed was there all the time."""
    await market.commit(registered("provider", 1))
    await fold(market, "provider", 1, HALF, first=HALF)

    assert await asked(api, 2) == (1.0, [None, 1.0])


async def test_days_end_with_the_newest_that_is_folded_for_anybody(api: Client, market: Market) -> None:
    """A provider that went away has been offline since."""
    await market.commit(registered("provider", 1))
    await fold(market, "provider", 1, 86_400)
    await fold(market, "other", 3, 86_400)

    assert await asked(api, 2) == (0.0, [0.0, 0.0])
    assert await asked(api, 4) == (pytest.approx(1 / 3), [None, 1.0, 0.0, 0.0])


@pytest.mark.parametrize("days", [0, -1, 367])
async def test_days_are_bounded(api: Client, market: Market, days: int) -> None:
    """A year at most."""
    await market.commit(registered("provider", 1))
    error = await api.refusal(UPTIME, address=address("provider"), days=days)

    assert (f"days must be 1 to 366, not {days}", "BAD_INPUT") == (error["message"], error["extensions"]["code"])


async def test_all_providers_of_a_page_take_one_statement(schema_url: str, market: Market) -> None:
    """Uptime and history over equal days are read together."""
    await market.checkpoint(Chain.OPBNB, number=0)
    async with open_world(ApiSettings(), database_url=schema_url) as world:
        for number in range(20):
            await market.commit(registered(f"provider {number}", number))
            await fold(market, f"provider {number}", 1, HALF)

        without = await statements(world, "{ providers { nodes { address } } }")

        assert without + 1 == await statements(world, "{ providers { nodes { uptime uptimeHistory(days: 7) } } }")
