"""An agent that floods fills its own lane and no other, delays nobody for long, and fills neither disk nor log."""

import asyncio
import json
import time
from functools import partial

import pytest
from nats.js.errors import APIError
from structlog.testing import capture_logs

from dispatch.credential_store import CredentialStore
from dispatch.dispatcher import Dispatcher
from dispatch.floods import BARRED_FOR
from dispatch.intake import Intake
from dispatch.judge import Refusal
from dispatch.report_store import ReportStore
from dispatch.streams import LANE_MAX, REPORT_BYTES_MAX, REPORTS, Streams
from models.values import show_bytes
from runtime.bus import Bus
from tests.integration.dispatch.agency import Agent, Agents, Market

PATIENCE_SECONDS = 10.0


async def flood(agent: Agent, subject: str, payload: bytes, count: int = LANE_MAX + 500) -> None:
    """Publish as fast as it goes, without waiting for an answer."""
    for _ in range(count):
        await agent.client.publish(subject, payload)
    await agent.client.flush(timeout=30)


async def lanes(bus: Bus) -> dict[str, int]:
    """Return how many reports wait on each subject."""
    info = await bus.jetstream.stream_info("REPORTS", subjects_filter=">")
    return dict(info.state.subjects or {})


async def fill(agent: Agent, payload: bytes, bus: Bus) -> None:
    """Flood an agent's own lane until it is full."""
    lane = f"agents.{agent.address}.status"
    await flood(agent, lane, payload)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await lanes(bus)).get(lane, 0) < LANE_MAX:
            await flood(agent, lane, payload, count=100)


async def taken_in(market: Market, intake: Intake, bus: Bus, number: int) -> float:
    """Return how long it takes until a job is seen completed."""
    reports, began = await Streams(bus).reports(), time.monotonic()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await market.statuses())[number] != "COMPLETED":
            await intake.step(reports, wait_seconds=0.2)
    return time.monotonic() - began


async def test_a_full_lane_takes_no_more_and_tells_its_sender(agents: Agents, bus: Bus) -> None:
    """What others have reported stays, and what they report is taken."""
    agent, other = await agents.sign_in(5), await agents.sign_in(6)
    await other.report(bytes(32), "token", "processing")
    await flood(agent, f"agents.{agent.address}.status", b"{}")

    with pytest.raises(APIError, match="maximum messages per subject"):
        await agent.report(bytes(32), "token", "processing")
    await other.report(bytes(32), "token", "processing")

    assert await lanes(bus) == {f"agents.{agent.address}.status": LANE_MAX, f"agents.{other.address}.status": 2}


@pytest.mark.parametrize("looks_true", [True, False])
async def test_a_flood_delays_nobody_for_long(
    agents: Agents, market: Market, dispatcher: Dispatcher, bus: Bus, *, looks_true: bool
) -> None:
    """
    Whoever reports while a lane is full waits for as many messages, and then no more: the flooder is barred.

    True-looking reports are the worst: each is looked up before it is refused.
    """
    intake = Intake(
        ReportStore(market.pool), Streams(bus), bar=partial(CredentialStore(market.pool).bar, lasts=BARRED_FOR)
    )
    mine, theirs = await market.open_jobs(1, provider=5) + await market.open_jobs(2, provider=6)
    await dispatcher.step()
    agent, other = await agents.sign_in(5), await agents.sign_in(6)
    body = {"jobId": show_bytes(mine), "token": await market.token(mine), "status": "processing"}
    payload = json.dumps(body).encode() if looks_true else b"garbage"
    await fill(agent, payload, bus)
    await other.report(theirs, await market.token(theirs), "completed")

    with capture_logs() as lines:
        took = await taken_in(market, intake, bus, 2)
        await fill(agent, payload, bus)
        while await intake.step(await Streams(bus).reports(), wait_seconds=0.2):
            pass

    assert took < PATIENCE_SECONDS / 2
    assert len(lines) < 10
    assert intake.refused[Refusal.FLOOD] > LANE_MAX / 2
    ((reason,),) = await market.ask("select barred_reason from agents where barred_until > now()")
    assert "refused within a minute" in reason


async def test_a_flood_on_a_shared_lane_delays_no_report_on_an_own_one(
    agents: Agents, market: Market, dispatcher: Dispatcher, intake: Intake, bus: Bus
) -> None:
    """Nor does it evict what others have reported on the shared lane before: that comes first."""
    await market.open_jobs(1, 2, provider=6)
    await dispatcher.step()
    agent, other = await agents.sign_in(5), await agents.sign_in(6)
    first, second = (number.to_bytes(32) for number in (1, 2))
    body = {"jobId": show_bytes(first), "token": await market.token(first), "status": "success"}
    await other.client.jetstream().publish("jobs.status.updates", json.dumps(body).encode())
    await flood(agent, "jobs.status.updates", b"{}")
    await other.report(second, await market.token(second), "completed")

    took = await taken_in(market, intake, bus, 2)
    await intake.step(await Streams(bus).shared_reports())

    assert took < 2
    assert set((await market.statuses()).values()) == {"COMPLETED"}


async def test_the_stream_is_bounded_in_bytes(agents: Agents, bus: Bus) -> None:
    """A message far beyond what a report may be is turned down by the server."""
    agent = await agents.sign_in(5)
    with pytest.raises(APIError, match="message size exceeds maximum"):
        await agent.client.jetstream().publish(f"agents.{agent.address}.status", b"x" * (REPORT_BYTES_MAX + 1))

    info = await bus.jetstream.stream_info("REPORTS")
    assert (info.config.max_bytes, info.state.messages) == (REPORTS.max_bytes, 0)
