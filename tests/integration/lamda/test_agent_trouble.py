"""The reference agent, as a process, where its machine, its settings or its absence get in its way."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from devnet.accounts import private_key
from runtime.bus import Bus
from runtime.ports import free_port
from tests.integration.dispatch.agency import Market, bus, market, nats
from tests.integration.dispatch.test_program import becomes
from tests.integration.indexer.conftest import index, pool, world
from tests.integration.lamda.machine import Site
from tests.integration.lamda.test_agent import hand_over, reactor, site

__all__ = ["bus", "index", "market", "nats", "pool", "reactor", "site", "world"]


@pytest.mark.usefixtures("reactor")
async def test_an_agent_that_was_long_away_is_no_flood(site: Site, market: Market, bus: Bus) -> None:
    """A week of attempts at one job waits for it: what it knows is told of the newest, not of each."""
    async with site.agent():
        await market.open_jobs(1)
        await becomes(market, {1: "COMPLETED"})
    for attempt in range(2, 402):
        await hand_over(bus, market, 1, attempt=attempt)

    async with site.agent():
        await site.until_said("attempt=401")
        await market.open_jobs(2)
        await becomes(market, {1: "COMPLETED", 2: "COMPLETED"})

    assert await market.ask("select barred_reason from agents where barred_until > now()") == []
    assert site.log.count("agent.told") < 20


async def test_a_stop_is_heard_while_nobody_answers(site: Site, tmp_path: Path) -> None:
    """Neither API nor NATS: the agent waits for them, and ends when it is told to."""
    key = tmp_path / "key"
    key.write_text(private_key(5).hex())
    away = {"AGENT_PRIVATE_KEY_FILE": str(key), "API_URL": f"http://127.0.0.1:{free_port()}"}
    async with Site(folder=site.folder, settings=away).agent() as agent:
        await site.until_said("agent.waits")
        agent.terminate()

        assert await agent.wait() == 0


async def test_what_is_missing_is_said(site: Site) -> None:
    async with Site(folder=site.folder, settings={}).agent() as agent:
        assert await agent.wait() == 1

    assert "AGENT_PRIVATE_KEY" in site.log


async def test_a_wrong_key_is_said_with_its_file_and_not_shown(site: Site, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("not-a-key-but-secret")
    async with Site(folder=site.folder, settings={"AGENT_PRIVATE_KEY_FILE": str(key)}).agent() as agent:
        assert await agent.wait() == 1

    assert f"AGENT_PRIVATE_KEY_FILE={key} is wrong: expected 64 hex digits" in site.log
    assert "not-a-key-but-secret" not in site.log


async def test_a_command_that_is_not_there_is_said_before_it_costs_a_job(site: Site) -> None:
    command = ("agent", "--state", str(site.folder / "state"), "--", "./no-such-command.sh")
    agent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lamda", *command), env={**os.environ, **site.settings}, stderr=asyncio.subprocess.PIPE
    )
    _, said = await agent.communicate()

    assert agent.returncode == 1
    assert b"cannot run ./no-such-command.sh: expected a program" in said
