"""A program that dies is started again, ever more slowly, and the operator hears of it."""

import asyncio
import io
from pathlib import Path

from rich.console import Console

from lamda.announcer import Announcer
from lamda.keeper import Keeper, pause_seconds
from runtime.processes import Program
from runtime.race import race


def test_pauses_grow_and_then_stay() -> None:
    pauses = [pause_seconds(restarts) for restarts in range(10)]

    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.5, 30.0)


async def test_it_starts_again_what_ended_and_tells_why(tmp_path: Path) -> None:
    heard = io.StringIO()
    program = Program(name="indexer", command=("sh", "-c", "echo out of paper; exit 3"), log=tmp_path / "log")
    keeper = Keeper(program, Announcer(Console(file=heard)))
    await keeper.start()

    async def started_twice() -> None:
        while (tmp_path / "log").read_text().count("out of paper") < 2:
            await asyncio.sleep(0.01)

    await race(keeper.keep(), started_twice())
    await keeper.stop()

    assert "indexer ended with exit code 3" in heard.getvalue()
    assert "    out of paper\nstarting it again in 0.5 s" in heard.getvalue()
