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
}
"""Commands that no test runs, each with the reason."""

STILL_MISSING = {
    "AGENT_PRIVATE_KEY_FILE=/etc/agent.key API_URL=https://api.example.com "
    "lamda agent --state /var/lib/agent -- ./run-job.sh",
    'docker run --rm --init --gpus all --env INPUT_URL -- "$DOCKER_IMAGE" >&2 && echo "$OUTPUT_URL"',
    "lamda agents admit ADDRESS",
    "lamda agents revoke ADDRESS",
    "lamda agents revoke ADDRESS --reason …",
    'lamda credits pause "deep reorg"',
    'lamda credits pause "fees"',
    'lamda credits pause "key"',
    'lamda credits pause "new key"',
    "lamda credits restored",
    "lamda credits resume",
    "lamda reindex --chain bsc --from-block 51200000",
    "python -m tests.simulation --effects",
}
"""Commands of pages whose rehearsals are being written."""


def spoken() -> Iterator[tuple[str, str]]:
    """Yield each document with each command in it."""
    for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]:
        name = str(path.relative_to(ROOT))
        if name not in HISTORY and not name.startswith(GENERATED):
            yield from ((name, command) for command in shell_commands_in(path.read_text(encoding="utf-8")))


def played() -> set[str]:
    """Return every command that a rehearsal plays."""
    return {
        command.value
        for path in ROOT.glob("tests/rehearsals/*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in PLAYED_BY
        for command in call.args[:1]
        if isinstance(command, ast.Constant) and isinstance(command.value, str)
    }


def test_every_command_is_run_somewhere() -> None:
    """By a rehearsal of the document or of another one that has the same command."""
    known = played() | set(NOT_RUN) | STILL_MISSING

    assert [each for each in spoken() if each[1] not in known] == []


def test_what_is_said_not_to_be_run_is_spoken_of_and_not_run() -> None:
    """No reason outlives its command."""
    commands = {command for _, command in spoken()}

    assert (set(NOT_RUN) | STILL_MISSING) - commands == set()
    assert (set(NOT_RUN) | STILL_MISSING) & played() == set()
