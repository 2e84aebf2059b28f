"""One command runs everything, and nothing of it is left behind, however it ends."""

import asyncio
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from runtime.ports import LOOPBACK, is_free
from tests.integration.lamda.runs import gone, still_running, up

EXPLORERS = "{chains{explorerUrl}}"
JOBS = "{jobStats{total}}"
PROVIDERS = "{providerStats{total}}"
ALL_IS_WELL = "Stop "


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that does not exist yet."""
    return tmp_path / "data"


def record(data: Path) -> Any:
    """Return the record of the world."""
    return json.loads((data / "world.json").read_text())


async def test_a_stopped_world_goes_on_where_it_was(data: Path) -> None:
    """Live within the first run, nothing left after it, and the second run has the same world with its jobs."""
    async with up(data) as first:
        await first.shows(ALL_IS_WELL)
        await first.comes_to(PROVIDERS, "providerStats", least=5)
        assert await first.ask(EXPLORERS) == {"chains": [{"explorerUrl": None}] * 2}, "nobody has local chains"
        jobs = await first.comes_to(JOBS, "jobStats", least=2)
        family = first.family()
        assert not record(data)["clean"]
        first.process.send_signal(signal.SIGTERM)
        assert await first.ends() == 0, first.seen
    world = record(data)

    assert still_running(family) == {}
    assert [is_free(port) for port in (first.port, world["bsc_port"], world["opbnb_port"])] == [True] * 3
    assert f"the next run goes on with world {world['id']}" in first.seen

    async with up(data) as second:
        await second.shows(ALL_IS_WELL)
        assert f"going on with world {world['id']}" in second.seen
        assert int((await second.ask(JOBS))["jobStats"]["total"]) >= jobs
        await second.comes_to(JOBS, "jobStats", least=jobs + 2)
        second.process.send_signal(signal.SIGINT)
        assert await second.ends() == 0, second.seen
    assert world == record(data)


@pytest.mark.long
async def test_a_kill_leaves_no_orphan_and_the_next_world_is_a_new_one(data: Path) -> None:
    async with up(data) as killed:
        await killed.shows(ALL_IS_WELL)
        family = killed.family()
        assert len(family) > 10
        killed.process.kill()
        await gone(family)
    old = record(data)["id"]

    async with up(data) as run:
        await run.shows(ALL_IS_WELL)
        new = record(data)["id"]
        assert f"NEW WORLD {new}: world {old} was not stopped in order" in run.seen
        assert f"kept lamda_{old}" in run.seen
        assert not (data / "worlds" / old).exists()
        run.process.send_signal(signal.SIGTERM)
        assert await run.ends() == 0, run.seen

    async with up(data, "--forget") as run:
        await run.shows(f"deleted lamda_{old}")
        assert f"going on with world {new}" in run.seen


async def test_a_program_that_dies_comes_back_loudly(data: Path) -> None:
    async with up(data) as run:
        await run.shows(ALL_IS_WELL)
        for word in ("serve", "index"):
            died = run.child("-m lamda", word)
            os.kill(died, signal.SIGKILL)
            await run.shows(f"{ {'serve': 'API', 'index': 'indexer'}[word] } was ended by SIGKILL")
        await run.shows("starting it again")
        await answers_again(run.port)
        await run.comes_to(JOBS, "jobStats", least=1)


@pytest.mark.long
async def test_a_chain_that_dies_ends_the_run_with_its_reason(data: Path) -> None:
    """What the chain knew is lost, so there is nothing to go on with."""
    async with up(data) as run:
        await run.shows(ALL_IS_WELL)
        family = run.family()
        os.kill(run.child("anvil", "--chain-id 204"), signal.SIGKILL)

        assert await run.ends() == 1
        assert "anvil (opbnb) was ended by SIGKILL" in run.seen
        assert "the next run begins a new world" in run.seen
        assert still_running(family) == {}
        assert not record(data)["clean"]


@pytest.mark.long
async def test_an_impatient_second_signal_changes_nothing(data: Path) -> None:
    async with up(data) as run:
        await run.shows(ALL_IS_WELL)
        for _ in range(3):
            run.process.send_signal(signal.SIGINT)
            await asyncio.sleep(0)
        await run.shows("stopping")
        run.process.send_signal(signal.SIGINT)

        assert await run.ends() == 0, run.seen
        assert record(data)["clean"]


@pytest.mark.long
async def test_a_closed_terminal_is_a_stop_in_order(data: Path) -> None:
    """Nobody reads what it prints, and a hang-up is all it hears."""
    async with up(data) as run:
        await run.shows(ALL_IS_WELL)
        family = run.family()
        run.close_ears()
        run.process.send_signal(signal.SIGHUP)

        assert await run.process.wait() == 0
    assert still_running(family) == {}
    assert record(data)["clean"]


@pytest.mark.parametrize(
    "moment",
    [
        "new world",
        pytest.param("embedded Postgres", marks=pytest.mark.long),
        pytest.param("local bsc", marks=pytest.mark.long),
        "starting indexer",
    ],
)
async def test_a_stop_while_starting_leaves_nothing(data: Path, moment: str) -> None:
    async with up(data) as run:
        await run.shows(moment)
        family = run.family()
        run.process.send_signal(signal.SIGTERM)

        assert await run.ends() == 0, run.seen
        assert still_running(family) == {}


async def test_a_second_run_on_the_folder_is_refused(data: Path) -> None:
    async with up(data) as first:
        await first.shows("new world")
        async with up(data) as second:
            assert await second.ends() == 1
        assert f"data folder {data} is in use by process {first.process.pid}" in second.seen


async def test_a_taken_port_is_refused_before_anything_starts(data: Path) -> None:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        port = listener.getsockname()[1]
        async with up(data, port=port) as run:
            assert await run.ends() == 1
    assert f"port {port} on {LOOPBACK} is in use" in run.seen
    assert "API_PORT" in run.seen
    assert not (data / "postgres").exists()


async def answers_again(port: int) -> None:
    """Return when somebody listens on the port."""
    async with asyncio.timeout(60):
        while is_free(port):
            await asyncio.sleep(0.05)
