"""A provider's machine on which the reference agent runs as a process."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.integration.lamda.runs import KEPT

PATIENCE_SECONDS = 30.0
COMMAND = """
import json, os, pathlib, sys, time
job = json.load(sys.stdin)
folder = pathlib.Path(sys.argv[1])
assert job["jobId"] == os.environ["JOB_ID"], "stdin and environment tell of two jobs"
with (folder / "runs").open("a") as runs:
    runs.write(f"{os.environ['JOB_ID']} {os.getpid()}\\n")
while (folder / "hold").exists():
    time.sleep(0.02)
if (folder / "fail").exists():
    sys.exit("no such image: " + os.environ["DOCKER_IMAGE"])
print("some progress")
print("gnfd://out/" + os.environ["DOCKER_IMAGE"])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A provider's machine: the agent's folder, and what its command has noted down and is told to do."""

    folder: Path
    settings: Mapping[str, str]

    @property
    def runs(self) -> list[tuple[int, int]]:
        """The jobs that were run, by number, each with the process that ran it."""
        path = self.folder / "runs"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(int(job, 16), int(process)) for job, process in map(str.split, lines)]

    @property
    def log(self) -> str:
        """What the agent has said."""
        return re.sub(r"\x1b\[[0-9;]*m", "", (self.folder / "log").read_text())

    def tell(self, word: str, *, on: bool = True) -> None:
        """Have the command hold, or fail, from now on, or no more."""
        if on:
            (self.folder / word).touch()
        else:
            (self.folder / word).unlink()

    async def until(self, *, runs: int) -> None:
        """Return when so many runs have begun."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.runs) < runs:
                await asyncio.sleep(0.02)

    async def until_said(self, words: str) -> None:
        """Return when the agent has said something."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while words not in self.log:
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def agent(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run the agent, and end it when the block ends."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        words = ("agent", "--state", str(self.folder / "state"), "--", sys.executable, "-c", COMMAND, str(self.folder))
        with (self.folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "lamda", *words), env={**kept, **self.settings}, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await process.wait()
