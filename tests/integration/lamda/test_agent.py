"""The reference agent, as a process, on a real NATS: each job is run once, and its outcome told, whatever happens."""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devnet.accounts import private_key
from dispatch import route
from dispatch.job_values import Attempt, Spec
from models.values import checksum_address, show_bytes
from runtime import retry_store
from runtime.bus import Bus
from runtime.embedded_nats import EmbeddedNats
from tests.integration.dispatch.agency import Market, bus, market, nats
from tests.integration.dispatch.test_program import becomes, reacting, reaction
from tests.integration.graphql_api.conftest import serving
from tests.integration.indexer.conftest import index, pool, world
from tests.integration.lamda.machine import PATIENCE_SECONDS, Site

__all__ = ["bus", "index", "market", "nats", "pool", "world"]


@pytest.fixture
async def site(market: Market, nats: EmbeddedNats, tmp_path: Path) -> Site:
    """The machine of provider 5, with a credential for its agent."""
    await market.credential(5, "token")
    folder = tmp_path / "site"
    folder.mkdir()
    address = checksum_address(market.provider(5))
    settings = {"AGENT_ADDRESS": address, "AGENT_TOKEN": "token", "NATS_URL": f"nats://{nats.address}"}
    return Site(folder=folder, settings=settings)


@pytest.fixture
async def reactor(market: Market, nats: EmbeddedNats, database_url: str) -> AsyncIterator[None]:
    """Door, dispatch and reports."""
    async with reacting(reaction(market, nats, database_url)):
        yield


def command_line(process: int) -> bytes:
    """Return what a process was started with; nothing when it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


async def gone(process: int) -> None:
    """Return when a process has ended."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while command_line(process):
            await asyncio.sleep(0.02)


async def hand_over(bus: Bus, market: Market, number: int, **different: object) -> None:
    """Send a job's message once more, as the reactor might, with what is to be different in it."""
    address = checksum_address(market.provider(5))
    ((token,),) = await market.ask("select token from dispatches where job_id = %s limit 1", number.to_bytes(32)) or [
        ("",)
    ]
    attempt = Attempt(job_id=number.to_bytes(32), number=1, provider=market.provider(5), token=token)
    spec = Spec(docker_image="alpine:3", input_url=None, output_bucket=None, output_name=None)
    body = json.loads(route.message(attempt, spec).payload) | different
    await bus.jetstream.publish(f"jobs.dispatch.{address}", json.dumps(body).encode())


@pytest.mark.usefixtures("reactor")
async def test_a_job_is_run_and_told(site: Site, market: Market) -> None:
    """Told in environment and on stdin; seen running while it runs; its last line is where the output is."""
    site.tell("hold")
    async with site.agent():
        await market.open_jobs(1)
        await becomes(market, {1: "RUNNING"})
        site.tell("hold", on=False)
        await becomes(market, {1: "COMPLETED"})

    assert [number for number, _ in site.runs] == [1]
    assert await market.ask("select output_url from jobs") == [("gnfd://out/alpine:3",)]
    assert "token" not in site.log.replace("AGENT_TOKEN", "")


@pytest.mark.usefixtures("reactor")
async def test_a_failure_tells_exit_code_and_what_was_complained_of(site: Site, market: Market) -> None:
    site.tell("fail")
    async with site.agent():
        await market.open_jobs(1)
        await becomes(market, {1: "FAILED"})

    ((error,),) = await market.ask("select error from jobs")
    assert error == "the command ended with exit code 1: no such image: alpine:3"


@pytest.mark.usefixtures("reactor")
async def test_a_job_that_failed_is_run_once_more_for_a_retry(site: Site, market: Market) -> None:
    """By an agent that was started again meanwhile, too; its outcome is that of the second run."""
    site.tell("fail")
    async with site.agent():
        await market.open_jobs(1)
        await becomes(market, {1: "FAILED"})
    site.tell("fail", on=False)
    await market.age(60)
    async with market.pool.connection() as connection:
        await retry_store.retry(connection, (1).to_bytes(32), asked_by="an operator")
    assert await market.statuses() == {1: "CREATED"}

    async with site.agent():
        await becomes(market, {1: "COMPLETED"})

    assert [number for number, _ in site.runs] == [1, 1]


@pytest.mark.usefixtures("reactor")
async def test_what_died_with_its_agent_is_run_again(site: Site, market: Market) -> None:
    """Killed at once and without a word: the command dies too, and is begun anew by the next agent."""
    site.tell("hold")
    await market.open_jobs(1)
    async with site.agent() as agent:
        await site.until(runs=1)
        agent.kill()
        await agent.wait()
    await gone(site.runs[0][1])

    site.tell("hold", on=False)
    async with site.agent():
        await becomes(market, {1: "COMPLETED"})

    assert [number for number, _ in site.runs] == [1, 1]


@pytest.mark.usefixtures("reactor")
async def test_a_job_is_run_once_however_often_it_comes(site: Site, market: Market, bus: Bus) -> None:
    """Repeated while it runs, after it ended, and to an agent that was started again."""
    site.tell("hold")
    async with site.agent():
        await market.open_jobs(1)
        await becomes(market, {1: "RUNNING"})
        await hand_over(bus, market, 1)
        site.tell("hold", on=False)
        await becomes(market, {1: "COMPLETED"})
        await hand_over(bus, market, 1)
        await site.until_said("is_new=False")
    before = site.log.count("agent.took")

    async with site.agent():
        await hand_over(bus, market, 1)
        await market.open_jobs(2)
        await becomes(market, {1: "COMPLETED", 2: "COMPLETED"})

    assert site.log.count("agent.took") == before + 2
    assert [number for number, _ in site.runs] == [1, 2]


@pytest.mark.usefixtures("reactor")
async def test_a_job_goes_on_while_nats_is_away(site: Site, market: Market, nats: EmbeddedNats) -> None:
    """Its outcome is told when NATS is back."""
    site.tell("hold")
    async with site.agent():
        await market.open_jobs(1)
        await becomes(market, {1: "RUNNING"})
        assert nats.pid is not None
        os.kill(nats.pid, signal.SIGKILL)
        await nats.stop()
        site.tell("hold", on=False)
        await site.until_said("agent.ran")
        await nats.start()
        await becomes(market, {1: "COMPLETED"})

    assert len(site.runs) == 1


@pytest.mark.usefixtures("reactor")
async def test_anothers_job_is_refused(site: Site, market: Market, bus: Bus) -> None:
    """Agents can have their own messages delivered to others; each says whose it is."""
    async with site.agent():
        await market.open_jobs(1)
        await becomes(market, {1: "COMPLETED"})
        await hand_over(bus, market, 2, provider=checksum_address(market.provider(6)))
        await site.until_said("agent.refused")

    assert [number for number, _ in site.runs] == [1]


@pytest.mark.usefixtures("reactor")
async def test_a_stop_ends_the_job_and_says_what_becomes_of_it(site: Site, market: Market) -> None:
    site.tell("hold")
    await market.open_jobs(1)
    async with site.agent() as agent:
        await site.until(runs=1)
        agent.terminate()
        assert await agent.wait() == 0
    await gone(site.runs[0][1])

    assert re.search(rf"agent.stopped .*job={show_bytes((1).to_bytes(32))}.*at the next start", site.log)
    site.tell("hold", on=False)
    async with site.agent():
        await becomes(market, {1: "COMPLETED"})


@pytest.mark.usefixtures("reactor")
async def test_a_wallet_signs_in_by_itself(
    site: Site, market: Market, nats: EmbeddedNats, database_url: str, tmp_path: Path
) -> None:
    """And gets its credential, and where NATS is, from the API; its key is in no log."""
    await market.open_jobs(1)
    key = tmp_path / "key"
    key.write_text(f"0x{private_key(5).hex()}\n")
    async with serving(database_url, nats_url=nats.url) as api:
        settings = {"AGENT_PRIVATE_KEY_FILE": str(key), "API_URL": api.url}
        async with Site(folder=site.folder, settings=settings).agent():
            await becomes(market, {1: "COMPLETED"})

    assert private_key(5).hex() not in site.log
