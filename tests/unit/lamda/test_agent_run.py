"""A command is told its job, tells how it ended, and leaves nothing running."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devnet.assignments import Assignment, Outcome, Said
from lamda import agent_run
from runtime.errors import CannotRun

JOB = Assignment(
    job_id=b"\x01" * 32,
    token="t",
    attempt=1,
    docker_image="alpine:3; rm -rf $HOME\0",
    output_url="gnfd://bucket/name",
    input_url="gnfd://in/data",
    output_bucket="bucket",
    output_name="name",
)


async def run(*command: str, message: str = "{}") -> Outcome:
    """Run a command for the job."""
    return await agent_run.run(command, JOB, message, provider="0x05", name="a run of this test")


async def test_the_last_line_says_where_the_output_is() -> None:
    assert Outcome(said=Said.COMPLETED, output_url="gnfd://b/n") == await run(
        "sh", "-c", "echo one; echo gnfd://b/n; echo"
    )


async def test_without_a_word_it_is_where_the_job_wants_it() -> None:
    assert Outcome(said=Said.COMPLETED, output_url="gnfd://bucket/name") == await run("true")


async def test_a_failure_tells_its_code_and_the_end_of_its_complaint() -> None:
    """Of much, the end."""
    outcome = await run("sh", "-c", "seq 100000 >&2; echo no GPU >&2; exit 3")

    assert outcome.said is Said.FAILED
    assert outcome.message is not None
    assert outcome.message.startswith("the command ended with exit code 3: ")
    assert outcome.message.endswith("100000\nno GPU")
    assert len(outcome.message) < 2_000


async def test_a_command_that_is_not_there_fails_the_job() -> None:
    outcome = await run("/nowhere/at/all")

    assert outcome.said is Said.FAILED
    assert "cannot run /nowhere/at/all" in (outcome.message or "")


async def test_a_machine_that_can_start_nothing_fails_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that was reported failed is over for good."""

    async def start_nothing(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start_nothing)

    with pytest.raises(CannotRun, match="cannot run true: Resource temporarily unavailable"):
        await run("true")


async def test_what_a_renter_wrote_is_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in the environment and on stdin, and is run by no shell; our own secrets do not."""
    monkeypatch.setenv("AGENT_PRIVATE_KEY", "secret")
    told = await run("sh", "-c", 'cat; echo "$AGENT_PRIVATE_KEY|$DOCKER_IMAGE|$INPUT_URL"', message="[1]\n")

    assert told.output_url == "|alpine:3; rm -rf $HOME�|gnfd://in/data"


async def test_what_a_command_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    """Also in a session of its own, and however long it keeps our pipes open."""
    async with asyncio.timeout(20):
        await run("sh", "-c", f"setsid sleep 1000 & echo $! > {tmp_path}/pid")

    assert not _lives(int((tmp_path / "pid").read_text()))


def test_what_starts_another_before_it_is_killed_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    marked = {**os.environ, agent_run.RUN: "a run of before"}
    family = [subprocess.Popen(("sleep", "1000"), env=marked)]
    kill = os.kill

    def kill_late(process: int, number: int) -> None:
        if len(family) == 1:
            family.append(subprocess.Popen(("sleep", "1000"), env=marked))
        kill(process, number)

    monkeypatch.setattr(os, "kill", kill_late)

    assert agent_run.end_leftovers({"a run of before"}) == 2
    assert [process.wait(timeout=10) for process in family] == [-signal.SIGKILL] * 2


async def test_a_cancelled_run_ends_its_command(tmp_path: Path) -> None:
    program = f"import os, time; open('{tmp_path}/pid', 'w').write(str(os.getpid())); time.sleep(1000)"
    running = asyncio.create_task(run(sys.executable, "-c", program))
    async with asyncio.timeout(20):
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait({running})

    assert running.cancelled()
    assert not _lives(int((tmp_path / "pid").read_text()))


def _lives(process: int) -> bool:
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except OSError:
        return False
