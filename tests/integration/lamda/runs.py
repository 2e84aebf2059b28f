"""A run of `lamda up` in a process of its own, as an operator has it, and what an operator can see of it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from runtime.ports import free_port

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 60.0
KEPT = ("PATH", "PYTHONPATH", "HOME", "LANG", "ANVIL_BIN")
"""What of our environment a run gets: no setting of ours may leak into it."""


class Run:
    """One `lamda up`. What it prints is kept in `seen`."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.seen = ""

    async def shows(self, text: str) -> None:
        """Return when the text is printed; fail when the run ends without it."""
        assert self.process.stdout is not None
        async with asyncio.timeout(START_SECONDS_MAX):
            while text not in self.seen:
                line = await self.process.stdout.readline()
                assert line, f"the run ended without saying {text!r}:\n{self.seen}"
                self.seen += line.decode()

    async def ends(self) -> int:
        """Return the exit code, with everything printed."""
        assert self.process.stdout is not None
        async with asyncio.timeout(STOP_SECONDS_MAX):
            self.seen += (await self.process.stdout.read()).decode()
            return await self.process.wait()

    async def ask(self, query: str) -> Any:
        """Return the data that a GraphQL query answers."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/graphql", json={"query": query}) as said,
        ):
            answer = await said.json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def comes_to(self, query: str, key: str, least: int) -> int:
        """Return the total that a statistic has once it is at least so high."""
        async with asyncio.timeout(START_SECONDS_MAX):
            while (total := int((await self.ask(query))[key]["total"])) < least:
                await asyncio.sleep(0.1)
        return total

    def close_ears(self) -> None:
        """Close our end of what the run prints to."""
        self.process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]  # asyncio offers no other way.

    def family(self) -> dict[int, str]:
        """Return the processes that descend from the run, itself among them, each with its command."""
        return family_of(self.process.pid)

    def child(self, *words: str) -> int:
        """Return the process id of the child whose command has all the words."""
        return child_of(self.process.pid, *words)


@asynccontextmanager
async def up(
    data: Path, *options: str, port: int | None = None, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Run]:
    """Start everything on a data folder; whatever still runs at the end is killed."""
    port = port or free_port()
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lamda", "up", "--data", str(data), *options),
        env={**kept, "API_PORT": str(port), **(settings or {})},
        cwd=data.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Run(process, port)
    finally:
        if process.returncode is None:
            process.kill()
        # Read to the end: only that closes the pipe.
        await process.communicate()


def family_of(process: int) -> dict[int, str]:
    """Return the processes that descend from one, itself among them, each with its command."""
    parents = {int(each.name): _parent(each) for each in Path("/proc").glob("[0-9]*")}
    found = {process}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: _command(pid) for pid in found}


def child_of(process: int, *words: str) -> int:
    """Return the process id of the descendant whose command has all the words."""
    return next(pid for pid, command in family_of(process).items() if all(word in command for word in words))


async def gone(family: dict[int, str]) -> None:
    """Return when none of the processes runs any more."""
    async with asyncio.timeout(STOP_SECONDS_MAX):
        while left := {pid: command for pid, command in family.items() if _is_running(pid)}:
            await asyncio.sleep(0.05)
    assert not left


def still_running(family: dict[int, str]) -> dict[int, str]:
    """Return those of the processes that run now."""
    return {pid: command for pid, command in family.items() if _is_running(pid)}


def _is_running(pid: int) -> bool:
    """Say whether the process still does anything; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
