"""A document whose commands are run as they are written, in a system that is in the state it speaks of."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from runtime.postgres_launch import binary_folders
from tests.architecture.source import ROOT
from tests.documents.spoken import shell_commands_in
from tests.integration.lamda.runs import KEPT

END_SECONDS_MAX = 90.0


class Page:
    """
    A document, and which of its commands have been run.

    Commands find their programs, and a system by the `settings`; files that they name are in `folder`.
    """

    def __init__(self, name: str, settings: Mapping[str, str], folder: Path) -> None:
        self._name = name
        self._folder = folder
        self._environment = {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            **settings,
            "PATH": os.pathsep.join(map(str, [Path(sys.executable).parent, *binary_folders(), os.environ["PATH"]])),
        }
        self._left = dict.fromkeys(shell_commands_in((ROOT / name).read_text(encoding="utf-8")))

    @property
    def left(self) -> list[str]:
        """The commands that were not run yet."""
        return list(self._left)

    def set(self, **settings: str) -> None:
        """Give commands these settings from now on."""
        self._environment |= settings

    async def run(self, command: str, given: Mapping[str, str] | None = None, *, code: int = 0) -> str:
        """
        Run a command of the document, with what is `given` in the place of its placeholders.

        Return what it says; fail where it ends with another exit code, or is not in the document.
        """
        process = await self._start(command, given or {})
        async with asyncio.timeout(END_SECONDS_MAX):
            said, _ = await process.communicate()
        assert process.returncode == code, f"{command} ended with {process.returncode}:\n{said.decode()}"
        return said.decode()

    async def watch(self, command: str, until: str, given: Mapping[str, str] | None = None, *, code: int = 0) -> str:
        """Run a command that goes on until Ctrl-C; press that once it has said `until`."""
        process = await self._start(command, given or {})
        assert process.stdout is not None
        said = ""
        async with asyncio.timeout(END_SECONDS_MAX):
            while until not in said:
                line = await process.stdout.readline()
                assert line, f"{command} ended without saying {until!r}:\n{said}"
                said += line.decode()
            process.send_signal(signal.SIGINT)
            said += (await process.stdout.read()).decode()
            assert await process.wait() == code, said
        return said

    async def _start(self, command: str, given: Mapping[str, str]) -> asyncio.subprocess.Process:
        assert command in shell_commands_in((ROOT / self._name).read_text(encoding="utf-8")), (
            f"{self._name} has no command {command!r}"
        )
        self._left.pop(command, None)
        for placeholder, value in given.items():
            assert placeholder in command
            command = command.replace(placeholder, value)
        return await asyncio.create_subprocess_exec(
            *("bash", "-c", f"exec {command}"),
            env=self._environment,
            cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
