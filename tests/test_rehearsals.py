"""Every command that the documents have a reader type is run by a test, or stands here with the reason why not."""

import ast
from collections.abc import Iterator

from tests.architecture.source import ROOT
from tests.documents.spoken import shell_commands_in

HISTORY = {"docs/decisions.md"}
"""What tells of the past, not of something to do."""

GENERATED = "docs/reference/"
PLAYED_BY = {"run", "watch", "running"}
"""The methods of a rehearsal's page that play a command: their first argument."""

_THE_TESTS = "the tests: a rehearsal would run itself, for many minutes"
_DOCKER = "no Docker engine is to be had where the tests run; "
_IMAGE = f"{_DOCKER}tests/image builds what the image holds, and runs it"
_IN_A_CONTAINER = (
    f"{_DOCKER}test_deploy.py runs what would run in the container, with the settings that it would be given"
)
_CHROMIUM = "needs a Chromium, and takes minutes; "

NOT_RUN = {
    "make test": _THE_TESTS,
    "make test-long": _THE_TESTS,
    "make test-browser": f"{_CHROMIUM}its tests are among the long ones",
    "make screenshots": f"{_CHROMIUM}writes pictures for the documents",
    "docker compose build": _IMAGE,
    "docker compose up --detach": _IN_A_CONTAINER,
    "docker compose ps": _IN_A_CONTAINER,
    "docker compose run --rm reactor doctor": _IN_A_CONTAINER,
    "docker compose run --rm indexer status --watch": _IN_A_CONTAINER,
    'docker run --rm --init --gpus all --env INPUT_URL -- "$DOCKER_IMAGE" >&2 && echo "$OUTPUT_URL"': (
        f"{_DOCKER}test_agents.py runs the script that it stands in, with a stand-in for docker"
    ),
}
"""Commands that no test runs, each with the reason."""


def spoken() -> Iterator[tuple[str, str]]:
    """Yield each document with each command in it."""
    for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]:
        name = str(path.relative_to(ROOT))
        if name not in HISTORY and not name.startswith(GENERATED):
            yield from ((name, command) for command in shell_commands_in(path.read_text(encoding="utf-8")))


def played() -> set[str]:
    """Return every command that a rehearsal plays, given as it is or by the name of a constant."""
    return {
        command
        for path in ROOT.glob("tests/rehearsals/*.py")
        for command in _played_by(ast.parse(path.read_text(encoding="utf-8")))
    }


def _played_by(module: ast.Module) -> Iterator[str]:
    named = {
        target.id: each.value
        for each in module.body
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(module):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in PLAYED_BY:
            for first in call.args[:1]:
                command = named.get(first.id) if isinstance(first, ast.Name) else first
                if isinstance(command, ast.Constant) and isinstance(command.value, str):
                    yield command.value


def test_every_command_is_run_somewhere() -> None:
    """By a rehearsal of the document or of another one that has the same command."""
    known = played() | set(NOT_RUN)

    assert [each for each in spoken() if each[1] not in known] == []


def test_what_is_said_not_to_be_run_is_spoken_of_and_not_run() -> None:
    """No reason outlives its command."""
    commands = {command for _, command in spoken()}

    assert set(NOT_RUN) - commands == set()
    assert set(NOT_RUN) & played() == set()
