"""The reactor as a whole: door, dispatch and reports side by side, through outages of what it stands on."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from nats.errors import Error

from dispatch import program
from dispatch.callout import BadSeed
from dispatch.metrics import ReactorMetrics
from dispatch.program import Reaction, react
from dispatch.witness import preferred_last
from runtime.bus import BusUnreachable
from runtime.embedded_nats import EmbeddedNats
from runtime.lifecycle import Program
from runtime.ports import free_port
from tests.integration.dispatch.agency import Agent, Market


def reaction(market: Market, nats: EmbeddedNats, database_url: str) -> Reaction:
    """Return what a reactor of this market stands on."""
    return Reaction(
        database_url=database_url,
        nats_url=nats.url,
        callout_seed=nats.callout_seed,
        bsc_urls=(market.world.bsc.url,),
        job_manager=market.world.job_manager.contract,
        wait_seconds=10,
    )


@asynccontextmanager
async def reacting(given: Reaction, *others: Program, measured: ReactorMetrics | None = None) -> AsyncIterator[None]:
    """Run a reactor for as long as the block lasts."""
    stop = asyncio.Event()
    running = asyncio.create_task(react(given, stop, *others, measured=measured))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await running


async def sign_in(market: Market, nats: EmbeddedNats, token: str) -> Agent:
    """Return a connected agent of provider 5; the door may need a moment to open."""
    await market.credential(5, token)
    async with asyncio.timeout(20):
        while True:
            agent = Agent(market.provider(5), token)
            try:
                return await agent.connect(nats)
            except (Error, OSError, TimeoutError):
                await agent.client.close()


async def becomes(market: Market, statuses: dict[int, str]) -> None:
    """Return when the jobs have these statuses."""
    async with asyncio.timeout(30):
        while await market.statuses() != statuses:
            await asyncio.sleep(0.02)


async def run_jobs(agent: Agent, count: int) -> None:
    """Take so many jobs and report them done."""
    taken: set[str] = set()
    async with asyncio.timeout(40):
        while len(taken) < count:
            for job in await agent.jobs(count - len(taken), wait_seconds=10):
                taken.add(job["jobId"])
                for word in ("processing", "completed"):
                    await agent.report(bytes.fromhex(job["jobId"][2:]), job["token"], word)


async def test_a_job_goes_from_chain_to_agent_and_back(market: Market, nats: EmbeddedNats, database_url: str) -> None:
    async with reacting(reaction(market, nats, database_url)):
        agent = await sign_in(market, nats, "token")
        await market.open_jobs(1)
        await run_jobs(agent, 1)

        await becomes(market, {1: "COMPLETED"})
        await agent.client.close()


async def test_nats_killed_and_restarted_loses_nothing(market: Market, nats: EmbeddedNats, database_url: str) -> None:
    """A job of before, one decided meanwhile, and a report of after: all arrive."""
    async with reacting(reaction(market, nats, database_url)):
        await market.open_jobs(1)
        await becomes(market, {1: "ASSIGNED"})
        assert nats.pid is not None
        os.kill(nats.pid, signal.SIGKILL)
        await nats.stop()
        await market.open_jobs(2)
        await nats.start()

        agent = await sign_in(market, nats, "after")
        await run_jobs(agent, 2)

        await becomes(market, {1: "COMPLETED", 2: "COMPLETED"})
        await agent.client.close()
    assert await market.ask("select count(*) from dispatches") == [(2,)]


async def test_postgres_sessions_ended_in_the_middle_lose_nothing(
    market: Market, nats: EmbeddedNats, database_url: str
) -> None:
    async with reacting(reaction(market, nats, database_url)):
        await market.open_jobs(1)
        await becomes(market, {1: "ASSIGNED"})
        await market.ask(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        agent = await sign_in(market, nats, "token")
        await market.open_jobs(2)
        await run_jobs(agent, 2)

        await becomes(market, {1: "COMPLETED", 2: "COMPLETED"})
        await agent.client.close()


async def test_others_run_beside_it(market: Market, nats: EmbeddedNats, database_url: str) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def other(stop: asyncio.Event) -> None:
        begun.set()
        await stop.wait()
        ended.set()

    async with reacting(reaction(market, nats, database_url), other):
        async with asyncio.timeout(10):
            await begun.wait()

    assert ended.is_set()


async def test_without_nats_it_says_what_it_waited_for(database_url: str) -> None:
    given = Reaction(
        database_url=database_url,
        nats_url=f"nats://lamda:secret@127.0.0.1:{free_port()}",
        callout_seed="SAAHU4OB3PXL7EZFU3HRTSOJA6IPEILWDBIEVFTPAIUNZZXXWHD56K5FXQ",
        bsc_urls=("http://127.0.0.1:1",),
        job_manager=bytes(20),
        wait_seconds=0.3,
    )

    with pytest.raises(BusUnreachable, match="no connection to NATS"):
        await react(given, asyncio.Event())


async def test_the_scheduler_tells_why_jobs_wait(
    market: Market, nats: EmbeddedNats, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside everything else, and again after Postgres dropped its connections."""
    monkeypatch.setattr(program, "REASONS_SECONDS", 0.2)
    told = "select count(*) from told_reasons where trouble = 'provider offline'"
    await market.open_jobs(1)
    async with reacting(reaction(market, nats, database_url)), asyncio.timeout(30):
        while await market.ask("select count(*) from told_reasons") != [(1,)]:
            await asyncio.sleep(0.05)
        await becomes(market, {1: "ASSIGNED"})
        await market.ask(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lamda-react'"
        )
        while await market.ask(told) != [(1,)]:
            await asyncio.sleep(0.05)


async def test_a_wrong_seed_is_told_before_anything_is_opened(database_url: str) -> None:
    given = Reaction(
        database_url=database_url,
        nats_url="nats://127.0.0.1:1",
        callout_seed="not a seed",
        bsc_urls=("http://127.0.0.1:1",),
        job_manager=bytes(20),
        wait_seconds=60,
    )

    with pytest.raises(BadSeed):
        await react(given, asyncio.Event())
    assert "not a seed" not in repr(given)


def test_a_log_is_read_again_from_other_endpoints_than_the_indexers() -> None:
    assert preferred_last(("a",)) == ("a",)
    assert preferred_last(("a", "b", "c")) == ("b", "c", "a")
