"""A reactor tells what waits, for how long, what it did, and how its signer stands."""

import asyncio
from datetime import timedelta

from dispatch.metrics import ReactorMetrics
from models.values import checksum_address
from runtime.embedded_nats import EmbeddedNats
from runtime.metrics import Metrics
from tests.integration.dispatch.agency import Market
from tests.integration.dispatch.test_program import becomes, reacting, reaction, run_jobs, sign_in
from tests.integration.exposition import Exposition

SIGNER = bytes([9]) * 20
AGE = timedelta(hours=1)


async def test_what_a_reactor_did_is_told(market: Market, nats: EmbeddedNats, database_url: str) -> None:
    """A job dispatched and reported on, and a report that nobody believes."""
    metrics = Metrics("reactor")
    async with reacting(reaction(market, nats, database_url), measured=ReactorMetrics(metrics)):
        agent = await sign_in(market, nats, "token")
        [job, _] = await market.open_jobs(1, 2, with_spec=False)
        await market.hand_in(job)
        await run_jobs(agent, 1)
        await agent.report(bytes.fromhex("ff" * 32), "no token", "completed")
        await becomes(market, {1: "COMPLETED", 2: "CREATED"})
        async with asyncio.timeout(10):
            while not (told := await Exposition.of(metrics)).labels("lamda_dispatch_reports_total", "outcome") > {
                "accepted"
            }:
                await asyncio.sleep(0.05)
        await agent.client.close()

    assert told.value("lamda_dispatch_attempts_total", done="published") == 1
    assert told.value("lamda_dispatch_reports_total", outcome="accepted") == 2
    assert told.value("lamda_dispatch_open_jobs", status="created") == 1
    assert told.value("lamda_dispatch_oldest_job_seconds", status="created") >= 0
    assert told.value("lamda_endpoint_requests_total", asked_by="dispatch", method="eth_getLogs") >= 1


async def test_what_waits_is_told_with_its_age(market: Market) -> None:
    """A job sent thrice, an attempt that the bus has not taken, a credit that is refused, and a signer that halted."""
    metrics = Metrics("reactor")
    measured = ReactorMetrics(metrics)
    measured.pool = market.pool
    [job] = await market.open_jobs(1)
    await market.ask(
        """
        insert into dispatches (job_id, attempt, provider, token, decided_at, published_at)
        select %s, attempt, %s, 'token', now() - %s, case when attempt < 3 then now() end
        from generate_series(1, 3) as attempt
        """,
        job, market.provider(5), AGE,
    )  # fmt: skip
    await market.ask(
        "insert into told_reasons (job_id, reason, trouble, told_at) values (%s, 'stalled', 'stalled', now())", job
    )
    await market.ask(
        """
        insert into credits (job_id, provider, decided_at, adopted, blocked_reason, blocked_at, refusals)
        values (%s, %s, now() - %s, false, 'no', now(), 4)
        """,
        job, market.provider(5), AGE,
    )  # fmt: skip
    await market.ask(
        "insert into signers (address, halted_reason, balance, beat_at) values (%s, 'strange', 5, now() - %s)",
        SIGNER, AGE,
    )  # fmt: skip

    told = await Exposition.of(metrics)

    signer = checksum_address(SIGNER)
    assert told.value("lamda_dispatch_unpublished") == 1
    assert told.value("lamda_dispatch_oldest_unpublished_seconds") >= AGE.total_seconds()
    assert told.value("lamda_dispatch_repeated_jobs") == 1
    assert told.value("lamda_dispatch_most_attempts") == 3
    assert told.value("lamda_dispatch_troubled_jobs", trouble="stalled") == 1
    assert told.value("lamda_credit_open_credits", state="blocked") == 1
    assert told.value("lamda_credit_open_oldest_seconds", state="blocked") >= AGE.total_seconds()
    assert told.value("lamda_credit_open_refusals", state="blocked") == 4
    assert told.value("lamda_signer_halted", signer=signer) == 1
    assert told.value("lamda_signer_balance_wei", signer=signer) == 5
    assert not told.has("lamda_signer_nonce")
