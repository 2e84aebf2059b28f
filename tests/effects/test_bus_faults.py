"""What NATS may do, and what may be said on it again, without a job lost or doubled."""

import json
import os
import signal

import pytest

from dispatch import route
from models.values import checksum_address, parse_bytes32
from runtime.bus import open_bus
from tests.effects import proof
from tests.effects.marketplace import PROVIDERS, Marketplace, until

JOBS_A_SECOND = 4.0


@pytest.mark.long
async def test_nats_killed_in_the_middle_loses_and_doubles_nothing(marketplace: Marketplace) -> None:
    """Killed twice and started again, while jobs are dispatched and reports come in."""
    marketplace.jobs_a_second = JOBS_A_SECOND
    await marketplace.reactor()
    for _ in range(2):
        await marketplace.goes_on()
        assert marketplace.nats.pid is not None
        os.kill(marketplace.nats.pid, signal.SIGKILL)
        await marketplace.nats.stop()
        await marketplace.open_jobs(2)
        await marketplace.nats.start()
    await marketplace.goes_on()

    await proof.comes_to_rest(marketplace)


async def test_streams_that_are_gone_are_made_again(marketplace: Marketplace) -> None:
    """A bus that lost everything it had while nothing was under way."""
    await marketplace.open_jobs(3)
    reactor = await marketplace.reactor()
    await proof.all_is_settled(marketplace)
    await reactor.kill()
    await marketplace.empty_bus()
    await marketplace.reactor()
    await marketplace.open_jobs(3)

    await proof.comes_to_rest(marketplace)


@pytest.mark.long
async def test_reports_replayed_by_their_agent_and_by_a_stranger_change_nothing(marketplace: Marketplace) -> None:
    """All that one agent said, said again on its own subject, on another agent's and on the shared ones."""
    await marketplace.reactor()
    await marketplace.open_jobs(6)
    await proof.all_is_settled(marketplace)
    marketplace.jobs_a_second = JOBS_A_SECOND
    await replay_reports(marketplace)
    await marketplace.goes_on()

    await proof.comes_to_rest(marketplace)


@pytest.mark.long
async def test_all_jobs_replayed_to_an_agent_are_run_once(marketplace: Marketplace) -> None:
    """Its consumer is lost and begins at the start of the stream, while new jobs come."""
    await marketplace.reactor()
    await marketplace.open_jobs(6)
    await proof.all_is_settled(marketplace)
    marketplace.jobs_a_second = JOBS_A_SECOND
    number = PROVIDERS[0]
    agent = marketplace.agents[number]
    handed = agent.handed.total()
    async with open_bus(marketplace.nats.url, program="test") as bus:
        await bus.jetstream.delete_consumer(route.JOBS_STREAM, checksum_address(marketplace.market.provider(number)))
    agent.come_again()
    await until(lambda: agent.handed.total() >= handed + 2, within=30, what="the old jobs handed over again")
    await marketplace.goes_on()

    await proof.comes_to_rest(marketplace)


async def replay_reports(marketplace: Marketplace) -> None:
    """Say again what the first agent said, with the permissions of nobody in particular."""
    owner, stranger = (checksum_address(marketplace.market.provider(number)) for number in PROVIDERS[:2])
    subjects = [f"agents.{owner}.status", f"agents.{stranger}.status", *route.SHARED_REPORTS]
    said = list(marketplace.agents[PROVIDERS[0]].said)
    assert {True} == {parse_bytes32(report["jobId"]) in marketplace.jobs for report in said}
    async with open_bus(marketplace.nats.url, program="test") as bus:
        for report in said:
            for subject in subjects:
                await bus.jetstream.publish(subject, json.dumps({**report, "agent_address": owner}).encode())
