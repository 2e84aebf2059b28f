"""Every command that the documents have a reader type is run by a test, or stands here with the reason why not."""

import ast
from collections.abc import Iterator

from tests.architecture.source import ROOT
from tests.documents.spoken import shell_commands_in

HISTORY = {"docs/decisions.md"}
"""What tells of the past, not of something to do."""

GENERATED = "docs/reference/"

NOT_RUN: dict[str, str] = {}
"""Commands that no test runs, each with the reason."""


def spoken() -> Iterator[tuple[str, str]]:
    """Yield each document with each command in it."""
    for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]:
        name = str(path.relative_to(ROOT))
        if name not in HISTORY and not name.startswith(GENERATED):
            yield from ((name, command) for command in shell_commands_in(path.read_text(encoding="utf-8")))


def played() -> set[str]:
    """Return every command that a rehearsal runs: the first argument of `page.run` and `page.watch`."""
    return {
        command.value
        for path in ROOT.glob("tests/rehearsals/*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in {"run", "watch"}
        for command in call.args[:1]
        if isinstance(command, ast.Constant)
    }


def test_every_command_is_run_somewhere() -> None:
    """By a rehearsal of the document or of another one that has the same command."""
    known = played() | set(NOT_RUN)

    assert [each for each in spoken() if each[1] not in known] == []


def test_what_is_said_not_to_be_run_is_spoken_of_and_not_run() -> None:
    """No reason outlives its command."""
    assert set(NOT_RUN) - {command for _, command in spoken()} == set()
    assert set(NOT_RUN) & played() == set()
