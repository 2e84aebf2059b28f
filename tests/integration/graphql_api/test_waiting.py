"""Why a job waits for its agent, as a renter reads it."""

from datetime import UTC, datetime

from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import Market, beat, confirmed, created, moment, registered
from tests.integration.graphql_api.test_life import DISPATCH, PROVIDER, ask, send


async def test_a_job_whose_agent_is_barred_says_so(api: Client, market: Market) -> None:
    """For good, or until a time."""
    await market.commit(created(1, 10, payment=1), registered("provider", 10), beat("provider", 10, log_index=1))
    await send(market, 1, moment(20))
    await market.execute("insert into agents (address, barred_until) values (%s, 'infinity')", PROVIDER)
    for_good = (await ask(api, "reason"))["reason"]
    await market.execute(
        "update agents set barred_until = %s, barred_reason = 'flood'", datetime(2999, 1, 1, tzinfo=UTC)
    )

    assert for_good == "the agent's login is barred: sent once, last at 2026-01-01 00:00:20 UTC"
    assert (await ask(api, "reason"))["reason"].startswith(
        "the agent's login is barred until 2999-01-01 00:00:00 UTC (flood): sent once"
    )


async def test_a_job_that_the_chain_has_settled_is_not_stalled(api: Client, market: Market) -> None:
    await market.commit(created(1, 10, payment=1))
    await send(market, 1, moment(20))
    assert (await ask(api, DISPATCH))["dispatch"]["stalled"]

    await market.commit(confirmed(1, 30))

    assert not (await ask(api, DISPATCH))["dispatch"]["stalled"]
