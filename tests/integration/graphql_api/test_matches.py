"""Which providers a renter is shown for what a job needs, in which order, and why."""

from datetime import timedelta
from typing import Any

import pytest

from graphql_api.match_queries import CANDIDATES_MAX
from graphql_api.program import open_world
from graphql_api.reading import Reading
from models.rank import Needs
from models.values import Chain
from runtime.settings import ApiSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import (
    DAWN,
    Fact,
    Market,
    address,
    beat,
    confirmed,
    created,
    credited,
    moment,
    registered,
    somebody,
)

MATCHES = """query ($needs: Requirements!, $first: Int! = 10) {
    matches(requirements: $needs, first: $first) { score reasons provider { address gpuModel } } }"""
NOW = 10_000
DAY = 86_400


async def ask(api: Client, *, first: int = 10, **needs: Any) -> list[Any]:
    """Return the matches for what is needed."""
    return list((await api.ask(MATCHES, needs=needs, first=first))["matches"])


def names(matches: list[Any], known: str = "abcdefgh") -> str:
    """Return the names of the providers, put together."""
    return "".join(name for match in matches for name in known if match["provider"]["address"] == address(name))


def offered(name: str, block: int, *, log_index: int = 0, reputation: int = 0, **gpu: Any) -> list[Fact]:
    """Return what makes a provider that is online."""
    facts = [registered(name, block, log_index=log_index, **gpu), beat(name, block, log_index=log_index)]
    return [*facts, credited(name, block, reputation, log_index=log_index)] if reputation else facts


async def offer(market: Market, name: str, block: int, **columns: Any) -> None:
    """Let a provider register and beat."""
    await market.commit(*offered(name, block, **columns))


async def history(market: Market, name: str, *, done: int, failed: int = 0, first: int) -> None:
    """Give a provider jobs: confirmed ones, and ones that its agent reported as failed."""
    for number in range(first, first + done + failed):
        await market.commit(created(number, NOW - 5_000 + number, provider=name, payment=1))
        if number < first + done:
            await market.commit(confirmed(number, NOW - 4_000 + number))
        else:
            said = {"provider": somebody(name), "attempt": 1, "status": "failed", "received_at": moment(NOW)}
            await market.note("agent_reports", number, **said)


async def test_only_who_is_online_and_fits_is_shown(api: Client, market: Market) -> None:
    await offer(market, "a", 1, gpu_model="NVIDIA RTX 4090", vram=24564, reputation=5)
    await offer(market, "b", 2, gpu_model="RTX 3060", vram=12288, reputation=5)
    await offer(market, "c", 3, gpu_model="RTX 4090", vram=24564)
    await market.commit(registered("d", 4, gpu_model="RTX 4090", vram=24564))

    assert set(names(await ask(api))) == {"a", "b", "c"}
    assert set(names(await ask(api, gpuModel="rtx 4090"))) == {"a", "c"}
    assert set(names(await ask(api, minVramMib=20_000))) == {"a", "c"}
    assert set(names(await ask(api, minReputation=1))) == {"a", "b"}
    assert names(await ask(api, gpuModel="RTX 4090", minVramMib=24564, minReputation=5)) == "a"
    assert await ask(api, gpuModel="H100") == []


async def test_each_match_says_why(api: Client, market: Market) -> None:
    """From the chain's jobs of the last thirty days, what waits now, and the folded days."""
    await offer(market, "a", 1, reputation=7)
    await history(market, "a", done=3, failed=1, first=1)
    await market.commit(created(9, NOW, provider="a", payment=1))
    sent = {"provider": somebody("a"), "attempt": 1, "token": "t", "decided_at": moment(NOW)}
    await market.note("dispatches", 9, **sent, published_at=moment(NOW) + timedelta(days=3650))
    await market.checkpoint(Chain.BSC, number=NOW)
    await market.execute(
        "insert into provider_days select %s, %s::date + n, 1, now(), now(), %s from generate_series(0, 1) n",
        somebody("a"), DAWN.date(), DAY // 2,
    )  # fmt: skip

    (match,) = await ask(api, minVramMib=20 * 1024)

    assert match["reasons"] == [
        "RTX 4090, 24 GiB, 20 needed",
        "reputation 7: 7 jobs confirmed by renters",
        "3 of 4 jobs done in 30 days",
        "1 job waiting",
        "online 50.0 % of 2 days",
    ]
    assert 0 < match["score"] < 1


async def test_a_job_that_an_agent_leaves_unanswered_counts_against_its_provider(api: Client, market: Market) -> None:
    await offer(market, "a", 1)
    await market.commit(created(1, NOW, provider="a", payment=1))
    sent = {"provider": somebody("a"), "attempt": 1, "token": "t", "decided_at": moment(NOW)}
    await market.note("dispatches", 1, **sent, published_at=moment(NOW))
    await market.checkpoint(Chain.BSC, number=NOW)

    (match,) = await ask(api)

    assert match["reasons"][2:4] == ["0 of 1 job done in 30 days", "1 job waiting"]


async def test_jobs_of_long_ago_count_no_more(api: Client, market: Market) -> None:
    """By the time of the chain, whatever the clock says."""
    await offer(market, "a", 1)
    await history(market, "a", done=3, first=1)
    await market.checkpoint(Chain.BSC, number=NOW + 31 * DAY)

    (match,) = await ask(api)

    assert match["reasons"][2] == "no job ended in 30 days"


async def test_one_of_one_does_not_beat_many_of_many(api: Client, market: Market) -> None:
    await offer(market, "a", 1, reputation=5)
    await offer(market, "b", 2, reputation=5)
    await history(market, "a", done=1, first=1)
    await history(market, "b", done=29, failed=1, first=10)
    await market.checkpoint(Chain.BSC, number=NOW)

    assert names(await ask(api)) == "ba"


async def test_equal_providers_come_in_one_order(api: Client, market: Market) -> None:
    for number, name in enumerate("abcdefgh"):
        await offer(market, name, 5, log_index=number)

    matches = await ask(api)

    assert sorted(names(matches), key=address) == list(names(matches))
    assert matches[:3] == await ask(api, first=3)


@pytest.mark.parametrize(
    ("first", "needs", "complaint"),
    [
        (101, {}, "first must be at most 100, not 101"),
        (-1, {}, "first must be 0 or more, not -1"),
        (1, {"minVramMib": -1}, "minVramMib must be 0 or more, not -1"),
        (1, {"minReputation": -1}, "minReputation must be 0 or more, not -1"),
        (1, {"gpuModel": "\0"}, "gpuModel: '\\x00' holds characters that no name has"),
    ],
)
async def test_what_cannot_be_meant_is_told(full: Client, first: int, needs: dict[str, Any], complaint: str) -> None:
    error = await full.refusal(MATCHES, needs=needs, first=first)

    assert (error["message"], error["extensions"]["code"]) == (complaint, "BAD_INPUT")


async def test_the_number_of_statements_does_not_depend_on_the_number_of_providers(
    schema_url: str, market: Market
) -> None:
    """Nor are more ranked than so many."""
    async with open_world(ApiSettings(), database_url=schema_url) as world:
        await offer(market, "a", 5)
        one = Reading(world)
        assert len(await one.matches(Needs())) == 1
        await one.close()
        numbers = range(1, CANDIDATES_MAX + 20)
        await market.commit(*(fact for n in numbers for fact in offered(f"provider {n}", 5, log_index=n)))
        many = Reading(world)
        assert len(await many.matches(Needs())) == CANDIDATES_MAX
        await many.close()

    assert (one.snapshot.statements, many.snapshot.statements) == (3, 3)
