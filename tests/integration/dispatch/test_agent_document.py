"""The agent in docs/agents.md is short, and works as it stands there; so does the configuration of a server."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

from nats.js.errors import NotFoundError

from dispatch.callout import Answers
from dispatch.credential_store import CredentialStore
from dispatch.dispatcher import Dispatcher
from dispatch.door import Door
from dispatch.intake import Intake
from dispatch.streams import Streams
from dispatch.warden import Warden
from models.values import checksum_address
from runtime.bus import Bus, open_bus
from runtime.embedded_nats import EmbeddedNats, find_binary, new_account_seed, public_key
from runtime.nats_configuration import ACCOUNTS
from runtime.ports import free_port
from runtime.processes import Child, Program
from tests.architecture.source import ROOT
from tests.integration.dispatch.agency import Agent, Market

DOCUMENT = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
(PROGRAM,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
(CONFIGURATION,) = re.findall(r"```nats\n(.*?)```", DOCUMENT, re.DOTALL)


def test_it_is_about_thirty_lines_long() -> None:
    assert len([line for line in PROGRAM.splitlines() if line.strip()]) <= 33


async def test_it_takes_its_jobs_runs_them_and_reports(
    market: Market,
    nats: EmbeddedNats,
    bus: Bus,
    door: Door,  # noqa: ARG001  # It lets the agent in.
    dispatcher: Dispatcher,
    intake: Intake,
) -> None:
    await market.credential(5, "a token")
    await market.open_jobs(1, 2)
    await dispatcher.step()
    address = checksum_address(market.provider(5))
    environment = {"AGENT_ADDRESS": address, "AGENT_TOKEN": "a token", "NATS_URL": f"nats://{nats.address}"}

    agent = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, env={**os.environ, **environment})
    try:
        reports = await Streams(bus).reports()
        async with asyncio.timeout(30):
            while set((await market.statuses()).values()) != {"COMPLETED"}:
                assert agent.returncode is None
                await intake.step(reports, wait_seconds=0.2)
            while await unacknowledged(bus, address):
                await asyncio.sleep(0.05)
    finally:
        agent.kill()
        await agent.wait()

    assert intake.refused.total() == 0


def test_a_server_of_ones_own_is_told_what_the_embedded_one_is() -> None:
    """But for where it listens and keeps things."""
    assert CONFIGURATION.endswith(ACCOUNTS)


async def test_agents_come_in_to_a_server_so_configured(market: Market, tmp_path: Path) -> None:
    """By the door, to their own jobs; and the warden finds them."""
    seed, port = new_account_seed(), free_port()
    (tmp_path / "nats.conf").write_text(filled_in(issuer=public_key(seed), port=port, folder=tmp_path))
    command = (find_binary(), "--config", str(tmp_path / "nats.conf"))
    server = Child(Program(name="nats-server", command=command, log=tmp_path / "out"))
    await server.start()
    try:
        async with (
            open_bus(f"nats://lamda:ours@127.0.0.1:{port}", program="test") as bus,
            open_bus(f"nats://system:theirs@127.0.0.1:{port}", program="test") as system,
        ):
            streams, credentials, stop = Streams(bus), CredentialStore(market.pool), asyncio.Event()
            await streams.ensure()
            attending = asyncio.create_task(
                Door(bus, credentials, streams, Answers(seed), watched=True).run(stop),
            )
            await market.credential(5, "token")
            agent = await Agent(market.provider(5), "token").connect(f"127.0.0.1:{port}")
            await bus.jetstream.publish(f"jobs.dispatch.{agent.address}", json.dumps({"jobId": "1"}).encode())

            assert await agent.jobs() == [{"jobId": "1"}]
            await credentials.revoke(market.provider(5), "test")
            assert await Warden(system, credentials).step() == 1
            await agent.client.close()
            stop.set()
            await attending
    finally:
        await server.stop()


def filled_in(*, issuer: str, port: int, folder: Path) -> str:
    """Return the document's configuration with what an operator puts in."""
    given = {
        "<issuer>": issuer,
        "<password>": "ours",
        "<system password>": "theirs",
        "0.0.0.0:4222": f"127.0.0.1:{port}",
        "/var/lib/nats": str(folder),
        "/var/log/nats.log": str(folder / "log"),
    }
    text = str(CONFIGURATION)
    for what, value in given.items():
        assert what in text, f"the document's configuration has no {what}"
        text = text.replace(what, value)
    return text


async def unacknowledged(bus: Bus, address: str) -> bool:
    """Say whether some of the agent's messages have not been acknowledged."""
    try:
        consumer = await bus.jetstream.consumer_info("JOBS", address)
    except NotFoundError:
        return True
    return bool(consumer.num_ack_pending or consumer.num_pending)
