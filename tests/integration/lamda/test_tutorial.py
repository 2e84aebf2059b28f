"""The commands of the tutorial, in their order, on a world that runs."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.documents.spoken import commands_in
from tests.integration.lamda.runs import KEPT, up

TUTORIAL = ROOT / "docs" / "tutorial.md"
ENOUGH = "{ jobs(filter: { status: COMPLETED }, first: 1) { total: totalCount } }"


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    """Each of its commands ends well; a screen to keep open is left after a moment."""
    text = TUTORIAL.read_text(encoding="utf-8")
    commands = commands_in(text)
    (query,) = re.findall(r"```graphql\n(.*?)```", text, re.DOTALL)
    data = tmp_path / "data"
    async with up(data) as run:
        await run.shows("GraphiQL")
        await run.comes_to(ENOUGH, "jobs", 3)
        job = (await run.ask(query))["jobs"]["nodes"][0]["jobId"]
        told = {command: await _told(command.replace("JOB", job), data, run.port) for command in commands}
        run.process.send_signal(signal.SIGTERM)
        await run.ends()

    assert {command: said for command, (code, said) in told.items() if code != 0} == {}
    assert "nothing is wrong" in told["lamda doctor"][1]
    assert "confirmed" in told["lamda explain JOB"][1]
    assert told["lamda verify"][1].count("nothing differed") == 2


async def _told(command: str, data: Path, port: int) -> tuple[int | None, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *command.split(), "--data", str(data)),
        env={**kept, "API_PORT": str(port)},
        cwd=data.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = ""
    if "--watch" in command:
        said = (await process.stdout.readline()).decode()
        process.send_signal(signal.SIGINT)
    async with asyncio.timeout(90):
        said += (await process.stdout.read()).decode()
    return await process.wait(), said
