"""A document whose commands are run as they are written, in a system that is in the state it speaks of."""

import os
import re
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from runtime.postgres_launch import binary_folders
from tests.architecture.source import ROOT
from tests.documents.spoken import shell_commands_in
from tests.integration.lamda.runs import KEPT
from tests.rehearsals.typed import END_SECONDS_MAX, Typed


class Page:
    """
    A document, or the parts below some of its headings, and which of its commands have been run.

    Commands find their programs, and a system by the `settings`; files that they name are in `folder`.
    """

    def __init__(self, name: str, settings: Mapping[str, str], folder: Path, *, parts: Sequence[str] = ()) -> None:
        self._name = name
        self._folder = folder
        self._environment = environment(settings, folder)
        text = (ROOT / name).read_text(encoding="utf-8")
        self._text = "".join(_part(text, each) for each in parts) if parts else text
        self._commands = shell_commands_in(self._text)
        self._left = dict.fromkeys(self._commands)

    @property
    def left(self) -> list[str]:
        """The commands that were not run yet."""
        return list(self._left)

    def unsaid(self, said: str) -> list[str]:
        """Return the words in the first column of its table of what programs say that none of them has said."""
        rows = re.findall(r"^\| `(.+?)`[^|]*\|", self._text.partition("| it says |")[2], re.MULTILINE)
        assert rows, f"{self._name} has no table of what programs say"
        patterns = {row: ".+?".join(map(re.escape, row.split("…"))) for row in rows}
        return [row for row, pattern in patterns.items() if not re.search(pattern, flat(said))]

    def set(self, **settings: str) -> None:
        """Give commands these settings from now on."""
        self._environment |= settings

    async def run(
        self, command: str, given: Mapping[str, str] | None = None, *, code: int = 0, within: float = END_SECONDS_MAX
    ) -> str:
        """
        Run a command of the document, with what is `given` in the place of its placeholders.

        Return what it says; fail where it ends with another exit code, or is not in the document.
        """
        async with self._typed(command, given) as typed:
            return await typed.ends(code, within=within)

    async def watch(self, command: str, until: str, given: Mapping[str, str] | None = None, *, code: int = 0) -> str:
        """Run a command that goes on until Ctrl-C; press that once it has said `until`."""
        async with self.running(command, until, given, code=code) as typed:
            pass
        return typed.said

    @asynccontextmanager
    async def running(
        self,
        command: str,
        until: str,
        given: Mapping[str, str] | None = None,
        *,
        code: int = 0,
        within: float = END_SECONDS_MAX,
    ) -> AsyncIterator[Typed]:
        """Run a command in a terminal of its own; the block begins once it has said `until`, and ends with Ctrl-C."""
        async with self._typed(command, given) as typed:
            await typed.says(until, within=within)
            yield typed
            typed.press_ctrl_c()
            await typed.ends(code)

    @asynccontextmanager
    async def _typed(self, command: str, given: Mapping[str, str] | None) -> AsyncIterator[Typed]:
        assert command in self._commands, f"{self._name} has no command {command!r}"
        self._left.pop(command, None)
        for placeholder, value in (given or {}).items():
            assert placeholder in command
            command = command.replace(placeholder, value)
        typed = await Typed.start(command, self._environment, self._folder)
        try:
            yield typed
        finally:
            await typed.kill()


def environment(settings: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return what programs that are typed in a folder have around them: our programs on PATH, and these settings."""
    programs = [folder / ".venv" / "bin", Path(sys.executable).parent, *binary_folders(), os.environ["PATH"]]
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "PATH": os.pathsep.join(map(str, programs)), **settings}


def _part(text: str, heading: str) -> str:
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def flat(said: str) -> str:
    """Return what was said in one line, as if no terminal had broken it."""
    return " ".join(said.split())
