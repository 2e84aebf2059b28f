"""The agent in docs/agents.md is short, and works as it stands there."""

import asyncio
import os
import re
import sys

from nats.js.errors import NotFoundError

from dispatch.dispatcher import Dispatcher
from dispatch.door import Door
from dispatch.intake import Intake
from dispatch.streams import Streams
from models.values import checksum_address
from runtime.bus import Bus
from runtime.embedded_nats import EmbeddedNats
from tests.architecture.source import ROOT
from tests.integration.dispatch.agency import Market

DOCUMENT = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
(PROGRAM,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)


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


async def unacknowledged(bus: Bus, address: str) -> bool:
    """Say whether some of the agent's messages have not been acknowledged."""
    try:
        consumer = await bus.jetstream.consumer_info("JOBS", address)
    except NotFoundError:
        return True
    return bool(consumer.num_ack_pending or consumer.num_pending)
