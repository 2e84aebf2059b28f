"""A command that was typed into a terminal, what it says, and Ctrl-C."""

import asyncio
import os
import re
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

END_SECONDS_MAX = 90.0
LOOK_SECONDS = 0.02
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Typed:
    """A command that runs; `said` is what it has said so far."""

    def __init__(self, command: str, process: asyncio.subprocess.Process) -> None:
        self.said = ""
        self._command = command
        self._process = process
        self._hearing = asyncio.create_task(self._hear())

    @classmethod
    async def start(cls, command: str, environment: Mapping[str, str], folder: Path) -> "Typed":
        """Type a command, which with all its children is one job of the terminal."""
        # Words before the command may give it settings.
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", f"exec env {command}"),
            env=environment,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        return cls(command, process)

    async def says(self, words: str, *, within: float = END_SECONDS_MAX) -> None:
        """Return when it has said something; fail when it ends without."""
        try:
            async with asyncio.timeout(within):
                while words not in self.said:
                    assert not self._hearing.done(), f"{self._command} ended without saying {words!r}:\n{self.said}"
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise AssertionError(f"{self._command} did not say {words!r} within {within:g} s:\n{self.said}") from None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def press_ctrl_c(self) -> None:
        """Interrupt it as a terminal does: all its processes hear it."""
        self._signal(signal.SIGINT)

    async def ends(self, code: int = 0, *, within: float = END_SECONDS_MAX) -> str:
        """Return all it said when it has ended; fail where that was with another exit code."""
        ended = await self.exit_code(within=within)
        assert ended == code, f"{self._command} ended with {ended}:\n{self.said}"
        return self.said

    async def exit_code(self, *, within: float = END_SECONDS_MAX) -> int:
        """Return with what it has ended, whatever that is."""
        async with asyncio.timeout(within):
            await self._hearing
            return await self._process.wait()

    async def kill(self) -> None:
        """End whatever of it still runs, as kill -9 does."""
        self._signal(signal.SIGKILL)
        await self._hearing
        await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    async def _hear(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.said += COLOUR.sub("", line.decode())
