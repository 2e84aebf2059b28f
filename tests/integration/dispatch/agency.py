"""
Everything between a job on a real chain and its agent on a real NATS: what dispatch's tests stand on.

Jobs are created on chain, indexed, and given specs and credentials by SQL, as the API does it.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client

from chain.rpc import Rpc
from dispatch import plan, route
from dispatch.callout import Answers
from dispatch.credential_store import CredentialStore
from dispatch.dispatcher import Dispatcher
from dispatch.door import Door
from dispatch.intake import Intake
from dispatch.outbox import Outbox
from dispatch.report_store import ReportStore
from dispatch.streams import Streams
from dispatch.warden import Warden
from dispatch.witness import Witness
from models.state import JOBS
from models.values import checksum_address, show_bytes
from runtime import feed, state_store
from runtime.bus import Bus, open_bus
from runtime.database import Pool
from runtime.embedded_nats import EmbeddedNats
from tests.integration.indexer.conftest import Indexing
from tests.integration.local_chain import World

FINAL = 12  # More blocks than finality needs on the chains of these tests.


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[EmbeddedNats]:
    """A NATS server of the test's own."""
    server = EmbeddedNats(tmp_path / "nats")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def bus(nats: EmbeddedNats) -> AsyncIterator[Bus]:
    """Our own connection to it, with the streams made."""
    async with open_bus(nats.url, program="test") as opened:
        await Streams(opened).ensure()
        yield opened


@pytest.fixture
async def door(nats: EmbeddedNats, bus: Bus, pool: Pool) -> AsyncIterator[Door]:
    """The door, attended to."""
    opened, stop = Door(bus, CredentialStore(pool), Streams(bus), Answers(nats.callout_seed)), asyncio.Event()
    attending = asyncio.create_task(opened.run(stop))
    yield opened
    stop.set()
    await attending


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Jobs on chain and what is known of them off chain."""

    world: World
    index: Indexing
    pool: Pool

    def provider(self, number: int) -> bytes:
        """Return the address of a provider."""
        return self.world.opbnb.accounts[number]

    async def open_jobs(self, *numbers: int, provider: int = 5, with_spec: bool = True) -> list[bytes]:
        """Create final jobs, index them, and hand in their specs."""
        job_ids = [number.to_bytes(32) for number in numbers]
        for job_id in job_ids:
            await self.world.create_job(job_id, provider=self.provider(provider))
        await self.world.bsc.mine(FINAL)
        await self.index.settle()
        if with_spec:
            for job_id in job_ids:
                await self.hand_in(job_id)
        return job_ids

    async def hand_in(self, job_id: bytes, *, renter: int = 1, image: str = "alpine:3") -> None:
        """Hand in what to run for a job, as its renter."""
        address = self.world.bsc.accounts[renter]
        async with self.pool.connection() as connection:
            await connection.execute(
                "insert into job_specs (job_id, renter, docker_image, submitted_at) values (%s, %s, %s, now())",
                (job_id, address, image),
            )
            await state_store.lock(connection, JOBS, [job_id])
            await feed.append(connection, await state_store.refresh(connection, JOBS, [job_id], {}))

    async def credential(self, provider: int, token: str, *, seconds: float = 600) -> None:
        """Give a provider's agent a credential."""
        expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
        async with self.pool.connection() as connection:
            await connection.execute(
                "insert into agent_credentials (token_hash, address, expires_at) values (%s, %s, %s)",
                (hashlib.sha256(token.encode()).digest(), self.provider(provider), expires_at),
            )

    async def ask(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run any statement; return its rows."""
        async with self.pool.connection() as connection:
            cursor = await connection.execute(statement.encode(), parameters)
            return await cursor.fetchall() if cursor.description else []

    async def statuses(self) -> dict[int, str]:
        """Return the status of each job by its number."""
        return {int.from_bytes(job_id): status for job_id, status in await self.ask("select job_id, status from jobs")}

    async def token(self, job_id: bytes, attempt: int = 1) -> str:
        """Return what the agent has to show with its reports."""
        found = await self.ask("select token from dispatches where job_id = %s and attempt = %s", job_id, attempt)
        return str(found[0][0])

    async def age(self, seconds: float) -> None:
        """Let so much time pass since every attempt, and since somebody asked for one."""
        await self.ask("update dispatches set decided_at = decided_at - %s", timedelta(seconds=seconds))
        await self.ask("update retries set asked_at = asked_at - %s", timedelta(seconds=seconds))


@pytest.fixture
async def market(world: World, index: Indexing, pool: Pool) -> Market:
    """A market without jobs yet, BSC indexed."""
    await index.settle()
    return Market(world=world, index=index, pool=pool)


@asynccontextmanager
async def dispatching(market: Market, bus: Bus) -> AsyncIterator[Dispatcher]:
    """A dispatcher that takes a step when told to."""
    async with Rpc([market.world.bsc.url]) as rpc:
        witness = Witness(rpc, market.world.job_manager.contract)
        yield Dispatcher(Outbox(market.pool, plan.PAUSES), witness, Streams(bus))


@pytest.fixture
async def dispatcher(market: Market, bus: Bus) -> AsyncIterator[Dispatcher]:
    async with dispatching(market, bus) as opened:
        yield opened


@pytest.fixture
def intake(pool: Pool, bus: Bus) -> Intake:
    """The intake of reports."""
    return Intake(ReportStore(pool), Streams(bus))


class Agent:
    """A provider's agent on the bus, with whatever it is allowed to do and whatever it is told off for."""

    def __init__(self, address: bytes, token: str) -> None:
        self.address = checksum_address(address)
        self.client = Client()
        self.told_off: list[str] = []
        self.token = token

    async def connect(self, server: EmbeddedNats | str, *, inbox: str | None = None) -> "Agent":
        """Connect with the token, to a server or whatever listens at a place."""
        place = server if isinstance(server, str) else server.address

        async def error_cb(error: Exception) -> None:
            self.told_off.append(str(error))

        await self.client.connect(
            f"nats://{place}",
            token=self.token,
            allow_reconnect=False,
            inbox_prefix=inbox or f"_INBOX_{self.address}",
            error_cb=error_cb,
        )
        return self

    async def report(self, job_id: bytes, token: str, status: str, **more: object) -> None:
        """Report on the agent's own subject and wait until that is stored."""
        body = {"jobId": show_bytes(job_id), "token": token, "status": status, **more}
        await self.client.jetstream().publish(f"agents.{self.address}.status", json.dumps(body).encode())

    async def forbidden(self, subject: str) -> bool:
        """Say whether the server turned down what was done last with this subject."""
        await self.client.flush()
        async with asyncio.timeout(5):
            while not any(subject.lower() in each.lower() for each in self.told_off):
                await asyncio.sleep(0.01)
        return True

    async def jobs(self, count: int = 10, *, wait_seconds: float = 2) -> list[dict[str, Any]]:
        """Take jobs from the durable consumer and acknowledge them."""
        subscription = await self.client.jetstream().pull_subscribe_bind(self.address, stream=route.JOBS_STREAM)
        messages = await subscription.fetch(count, timeout=wait_seconds)
        for message in messages:
            await message.ack_sync()
        return [json.loads(message.data) for message in messages]


class Agents:
    """Agents that are disconnected when the test ends."""

    def __init__(self, market: Market, server: EmbeddedNats, stack: AsyncExitStack) -> None:
        self._market = market
        self._server = server
        self._stack = stack

    async def sign_in(self, provider: int, *, seconds: float = 600) -> Agent:
        """Return a connected agent of a provider, with a new credential."""
        token = f"token of {provider} {datetime.now(UTC).timestamp()}"
        await self._market.credential(provider, token, seconds=seconds)
        agent = Agent(self._market.provider(provider), token)
        await agent.connect(self._server)
        self._stack.push_async_callback(agent.client.close)
        return agent


@pytest.fixture
async def agents(market: Market, nats: EmbeddedNats, door: Door) -> AsyncIterator[Agents]:  # noqa: ARG001  # It lets them in.
    """Agents who come in by the door."""
    async with AsyncExitStack() as stack:
        yield Agents(market, nats, stack)


@pytest.fixture
async def warden(nats: EmbeddedNats, pool: Pool) -> AsyncIterator[Warden]:
    """The warden, who looks when told to."""
    async with open_bus(nats.system_url, program="warden") as system:
        yield Warden(system, CredentialStore(pool))
