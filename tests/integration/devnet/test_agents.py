"""An agent on a real NATS, let in by the real door: it runs each job once, and none is lost."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from devnet.accounts import PROVIDERS, private_key
from devnet.actors import repeat
from devnet.agents import Agent
from devnet.api_client import Api
from devnet.complaints import Complaints
from devnet.member import Member
from dispatch.callout import Answers
from dispatch.credential_store import CredentialStore
from dispatch.door import Door
from dispatch.streams import Streams
from runtime.bus import Bus
from runtime.database import Pool
from runtime.embedded_nats import EmbeddedNats
from tests.integration.devnet.office import Ministry, Office
from tests.integration.devnet.site import Site, open_site
from tests.integration.dispatch.agency import bus, door, nats
from tests.integration.indexer.conftest import pool

__all__ = ["bus", "door", "nats", "pool"]

SEED = 1
RUN_SECONDS = 0.05


@pytest.fixture
def ministry(pool: Pool, nats: EmbeddedNats) -> Ministry:
    return Ministry(pool, nats)


@pytest.fixture
async def site(ministry: Ministry) -> AsyncIterator[Site]:
    async with open_site(ministry.answer) as opened:
        yield opened


@pytest.fixture
async def member(site: Site) -> AsyncIterator[Member]:
    """The first provider's wallet at the API."""
    async with Api(site.url) as api:
        yield Member(api, private_key(PROVIDERS[0]), chain_id=56)


@pytest.fixture
async def office(bus: Bus, member: Member) -> Office:
    return await Office(bus, member.address).open()


@asynccontextmanager
async def at_work(agent: Agent) -> AsyncIterator[None]:
    """Keep an agent serving, as the world does, for as long as the block lasts."""
    life = asyncio.create_task(repeat(agent.serve, every=0.1, complaints=Complaints()))
    try:
        yield
    finally:
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something has happened."""
    async with asyncio.timeout(15):
        while not await happened():
            await asyncio.sleep(0.05)


def agent_of(member: Member, *, run_seconds: float = RUN_SECONDS) -> Agent:
    """Return an agent that remembers nothing yet."""
    return Agent(member, run_seconds=run_seconds, seed=SEED)


def runs(logs: list[Any]) -> list[int]:
    """Return the numbers of the jobs that were run, in order."""
    return [int(log["job"], 16) for log in logs if log["event"] == "agent.runs"]


async def test_jobs_are_run_and_reported(door: Door, office: Office, member: Member) -> None:  # noqa: ARG001
    """Those that waited for the agent, and those that come while it is there; each acknowledged in the end."""
    await office.hand_out(1)
    async with at_work(agent_of(member)):
        await office.heard(2)
        await office.hand_out(2)

        heard = await office.heard(4)
        await until(office.is_done)

    assert heard == [("1/1", "processing"), ("1/1", "completed"), ("2/1", "processing"), ("2/1", "completed")]


async def test_a_job_that_comes_twice_is_run_once(door: Door, office: Office, member: Member) -> None:  # noqa: ARG001
    """The second time its outcome is reported again, with the token of that time."""
    with capture_logs() as logs:
        async with at_work(agent_of(member)):
            await office.hand_out(1)
            await office.hand_out(1, attempt=2)
            heard = await office.heard(3)

    assert heard == [("1/1", "processing"), ("1/1", "completed"), ("1/2", "completed")]
    assert runs(logs) == [1]


async def test_a_job_is_run_once_more_for_a_greater_retry(door: Door, office: Office, member: Member) -> None:  # noqa: ARG001
    """And for no older one that comes after it."""
    with capture_logs() as logs:
        async with at_work(agent_of(member)):
            await office.hand_out(1)
            await office.hand_out(1, attempt=2, retry=7)
            await office.hand_out(1, attempt=3, retry=6)
            heard = await office.heard(5)

    assert [token for token, _ in heard] == ["1/1", "1/1", "1/2", "1/2", "1/3"]
    assert runs(logs) == [1, 1]


async def test_a_job_of_somebody_else_is_not_run(door: Door, office: Office, member: Member) -> None:  # noqa: ARG001
    with capture_logs() as logs:
        async with at_work(agent_of(member)):
            await office.hand_out(1, to=bytes(19) + b"\1")
            await office.hand_out(2)
            await office.heard(2)
            await until(office.is_done)

    assert runs(logs) == [2]


async def test_a_job_left_unfinished_is_run_by_the_next_agent(
    door: Door,  # noqa: ARG001
    office: Office,
    member: Member,
) -> None:
    """It was taken and not reported, so it comes again."""
    await office.hand_out(1)
    async with at_work(agent_of(member, run_seconds=1000)):
        await office.heard(1)

    async with at_work(agent_of(member)):
        heard = await office.heard(3)

    assert heard[-1] == ("1/1", "completed")


async def test_a_job_reported_before_our_memory_begins_is_not_run_again(
    door: Door,  # noqa: ARG001
    office: Office,
    member: Member,
    ministry: Ministry,
) -> None:
    """A repeat is looked up at the API first."""
    ministry.status = "COMPLETED"
    with capture_logs() as logs:
        async with at_work(agent_of(member)):
            await office.hand_out(1, attempt=2)
            await office.hand_out(2)
            heard = await office.heard(2)
            await until(office.is_done)

    assert heard == [("2/1", "processing"), ("2/1", "completed")]
    assert runs(logs) == [2]


async def test_a_server_killed_in_the_middle_of_a_run_costs_nothing(
    door: Door,  # noqa: ARG001
    office: Office,
    member: Member,
    nats: EmbeddedNats,
) -> None:
    """The job is run once, and reported when the server is back."""
    with capture_logs() as logs:
        async with at_work(agent_of(member, run_seconds=1)):
            await office.hand_out(1)
            await office.heard(1)
            assert nats.pid is not None
            os.kill(nats.pid, signal.SIGKILL)
            await nats.stop()
            await nats.start()
            heard = await office.heard(2)
            await until(office.is_done)

    assert heard == [("1/1", "processing"), ("1/1", "completed")]
    assert runs(logs) == [1]


async def test_while_nobody_minds_the_door_one_credential_is_enough_for_a_while(
    office: Office, member: Member, ministry: Ministry, pool: Pool, nats: EmbeddedNats, bus: Bus
) -> None:
    """The agent comes again with the one it has, tells of it once, and is let in when the door is minded."""

    await office.hand_out(1)
    with capture_logs() as logs:
        async with at_work(agent_of(member)):
            await until(lambda: told(logs))
            opened, stop = Door(bus, CredentialStore(pool), Streams(bus), Answers(nats.callout_seed)), asyncio.Event()
            minding = asyncio.create_task(opened.run(stop))
            await office.heard(2)
            stop.set()
            await minding

    assert ministry.credentials_given <= 2
    assert len([log for log in logs if log["event"] == "world.stumbled"]) == 1


async def told(logs: list[Any]) -> bool:
    """Say whether somebody has complained."""
    return any(log["event"] == "world.stumbled" for log in logs)


async def test_a_credential_that_is_no_longer_good_is_replaced(
    door: Door,  # noqa: ARG001
    office: Office,
    member: Member,
    ministry: Ministry,
    pool: Pool,
) -> None:
    """After the agent was turned away with it a few times."""
    agent = agent_of(member)
    async with at_work(agent):
        await office.hand_out(1)
        await office.heard(2)
    async with pool.connection() as connection:
        await connection.execute("delete from agent_credentials")

    async with at_work(agent):
        await office.hand_out(2)
        await office.heard(4)

    assert ministry.credentials_given == 2


async def test_an_agent_comes_back_when_its_credential_has_ended(
    door: Door,  # noqa: ARG001
    office: Office,
    member: Member,
    ministry: Ministry,
) -> None:
    """The server puts it out, and it comes with a new one."""
    ministry.lifetime = timedelta(seconds=2.5)
    async with at_work(agent_of(member)):
        await until(lambda: given(ministry, 2))
        await office.hand_out(1)
        heard = await office.heard(2)

    assert heard == [("1/1", "processing"), ("1/1", "completed")]


async def given(ministry: Ministry, count: int) -> bool:
    """Say whether so many credentials were given out."""
    return ministry.credentials_given >= count
