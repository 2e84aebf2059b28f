"""
Run other programs as children that cannot outlive us.

A child is tethered (see `tether`), lives in a session of its own so that the terminal's Ctrl-C reaches us and not it,
and writes to a log file. Knows nothing of what it runs: what "ready" means is the caller's probe, and what to do when
a child ends is the caller's decision.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from runtime import tether
from runtime.errors import CannotRun
from runtime.race import race

Probe = Callable[[], Awaitable[bool]]

PROBE_PAUSE_SECONDS = 0.02
LAST_LINES = 15
TAIL_BYTES = 16_384


class ServerFailed(CannotRun):
    """A program we started ended by itself or did not become ready in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run, under which name, and how it likes to be ended."""

    name: str
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    # Sent by the kernel when we are gone. Nobody is left to wait for a graceful end then.
    death_signal: signal.Signals = signal.SIGKILL
    # A command that changes who the process is (`unshare`, `setpriv`) and then becomes the rest of its line.
    launcher: tuple[str, ...] = ()


class Child:
    """One running program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._process: asyncio.subprocess.Process | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """The process id, once started."""
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None while it runs or before it starts."""
        return self._process.returncode if self._process else None

    async def start(self) -> None:
        """Start the program; its output is appended to its log."""
        program = self.program
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *tethered(program.command, death_signal=program.death_signal, launcher=program.launcher),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, **program.environment},
                start_new_session=True,
            )

    async def ready(self, probe: Probe, *, within_seconds: float) -> None:
        """Return when `probe` says yes; raise `ServerFailed` when the program ends first or takes too long."""
        try:
            async with asyncio.timeout(within_seconds):
                # Its end counts first: where another server has the port, the probe may be answered by that one.
                await race(self.watch(), _until(probe))
        except TimeoutError:
            raise ServerFailed(self._tell(f"was not ready after {within_seconds:g} s")) from None

    async def wait(self) -> int:
        """Return the exit code once the program has ended."""
        return await self._started().wait()

    async def watch(self) -> None:
        """Raise `ServerFailed` as soon as the program ends; never return."""
        await self.wait()
        raise ServerFailed(self.describe_end())

    async def stop(self, *, within_seconds: float = 10.0) -> int | None:
        """End the program, by force when it does not follow in time, and return its exit code."""
        if self._process is None or self._process.returncode is not None:
            return self.exit_code
        with suppress(ProcessLookupError):
            self._process.send_signal(self.program.stop_signal)
        try:
            return await asyncio.wait_for(self._process.wait(), within_seconds)
        except TimeoutError:
            self.kill()
            return await self._process.wait()

    def kill(self) -> None:
        """End the program and everything in its process group at once."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def last_lines(self, count: int = LAST_LINES) -> str:
        """Return the end of what this run has written, indented."""
        try:
            with self.program.log.open("rb") as log:
                log.seek(max(self._log_start, log.seek(0, os.SEEK_END) - TAIL_BYTES))
                written = log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(f"    {line}" for line in written.splitlines()[-count:])

    def describe_end(self) -> str:
        """Say in one message how the program ended and what it wrote last."""
        code = self.exit_code or 0
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return self._tell(how)

    def _tell(self, what: str) -> str:
        lines = self.last_lines() or "    (it wrote nothing)"
        return f"{self.program.name} {what}; the end of {self.program.log}:\n{lines}"

    def _started(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError(f"{self.program.name} has not been started")
        return self._process


async def _until(probe: Probe) -> None:
    while not await probe():
        await asyncio.sleep(PROBE_PAUSE_SECONDS)


async def run(command: Sequence[str], *, launcher: tuple[str, ...] = ()) -> str:
    """Run a command to its end and return what it printed; raise `ServerFailed` when it fails."""
    line = tethered(command, launcher=launcher)
    try:
        process = await asyncio.create_subprocess_exec(
            *line,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise ServerFailed(f"cannot run {line[0]}: {error.strerror}") from error
    try:
        output = (await process.communicate())[0].decode(errors="replace")
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        raise ServerFailed(f"{' '.join(command)} ended with exit code {process.returncode}:\n{output.rstrip()}")
    return output


def tethered(
    command: Sequence[str],
    *,
    death_signal: signal.Signals = signal.SIGKILL,
    launcher: tuple[str, ...] = (),
) -> list[str]:
    """Return the command line that runs `command` tied to this process."""
    python = (sys.executable, "-I", "-S", str(Path(tether.__file__).resolve()))
    return [*launcher, *python, str(int(death_signal)), str(os.getpid()), "--", *command]
