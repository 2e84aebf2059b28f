"""Children are started, watched and ended, and never outlive us."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from runtime.processes import Child, Program, ServerFailed, run, tethered

GREET_AND_WAIT = "import time; print('hello', flush=True); time.sleep(600)"
IGNORE_SIGTERM = "import signal, time; signal.signal(15, signal.SIG_IGN); print('hello', flush=True); time.sleep(600)"
FAIL = "print('first'); print('the port is taken'); raise SystemExit(3)"
START_A_CHILD = """
import asyncio, sys
from pathlib import Path
from runtime.processes import Child, Program

async def main():
    child = Child(Program(name="child", command=("sleep", "600"), log=Path(sys.argv[1])))
    await child.start()
    print(child.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def child(folder: Path, script: str, **environment: str) -> Child:
    """Make a child that runs a line of Python."""
    command = (sys.executable, "-u", "-c", script)
    return Child(Program(name="child", command=command, log=folder / "logs" / "child.log", environment=environment))


def is_running(pid: int) -> bool:
    """Say whether the process still does anything; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def greeted(started: Child) -> None:
    """Return when the child has said hello."""

    async def probe() -> bool:
        return "hello" in started.last_lines()

    await started.ready(probe, within_seconds=20)


async def never() -> bool:
    """Probe for what does not come."""
    return False


async def test_it_is_ready_when_the_probe_says_so(tmp_path: Path) -> None:
    started = child(tmp_path, GREET_AND_WAIT)
    await started.start()
    await greeted(started)

    assert await started.stop() == -signal.SIGTERM


async def test_it_gets_our_environment_and_its_own(tmp_path: Path) -> None:
    started = child(tmp_path, "import os; print(os.environ['COLOUR'], 'PATH' in os.environ)", COLOUR="blue")
    await started.start()
    await started.wait()

    assert started.last_lines() == "    blue True"


async def test_one_that_ends_early_is_shown_with_its_last_lines(tmp_path: Path) -> None:
    started = child(tmp_path, FAIL)
    await started.start()

    with pytest.raises(
        ServerFailed, match=r"child ended with exit code 3; the end of .*\n    first\n    the port is taken"
    ):
        await started.ready(never, within_seconds=20)


async def test_one_that_is_not_ready_in_time_is_shown_too(tmp_path: Path) -> None:
    started = child(tmp_path, GREET_AND_WAIT)
    await started.start()
    await greeted(started)

    with pytest.raises(ServerFailed, match=r"child was not ready after 0\.05 s; .*\n    hello"):
        await started.ready(never, within_seconds=0.05)
    await started.stop()


async def test_one_that_does_not_listen_is_ended_by_force(tmp_path: Path) -> None:
    started = child(tmp_path, IGNORE_SIGTERM)
    await started.start()
    await greeted(started)

    assert await started.stop(within_seconds=0.05) == -signal.SIGKILL


async def test_stopping_again_or_before_the_start_does_nothing(tmp_path: Path) -> None:
    started = child(tmp_path, FAIL)
    assert await started.stop() is None

    await started.start()
    await started.wait()

    assert await started.stop() == 3


async def test_last_lines_are_those_of_this_run(tmp_path: Path) -> None:
    for word in ("old", "new"):
        started = child(tmp_path, f"print('{word}')")
        await started.start()
        await started.wait()

    assert started.last_lines() == "    new"


async def test_it_is_out_of_reach_of_the_terminal(tmp_path: Path) -> None:
    started = child(tmp_path, GREET_AND_WAIT)
    await started.start()
    assert started.pid is not None

    assert os.getsid(started.pid) != os.getsid(0)
    await started.stop()


async def test_a_kill_of_the_parent_ends_the_child(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START_A_CHILD, str(tmp_path / "log"), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    orphan = int(await asyncio.wait_for(parent.stdout.readline(), 20))
    parent.kill()
    await parent.wait()

    async with asyncio.timeout(20):
        while is_running(orphan):
            await asyncio.sleep(0.01)


async def test_a_command_whose_parent_is_gone_is_not_started(tmp_path: Path) -> None:
    line = tethered(("touch", str(tmp_path / "started")))
    line[line.index(str(os.getpid()))] = "1"
    process = await asyncio.create_subprocess_exec(*line, stderr=asyncio.subprocess.PIPE)
    _, errors = await process.communicate()

    assert b"parent 1 is gone" in errors
    assert os.listdir(tmp_path) == []


async def test_run_returns_what_was_printed() -> None:
    assert await run(("echo", "hello")) == "hello\n"


async def test_run_tells_why_a_command_failed() -> None:
    with pytest.raises(ServerFailed, match=r"exit code 2:\nnot today"):
        await run(("sh", "-c", "echo not today; exit 2"))


async def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(ServerFailed, match="cannot run /no/such/program: No such file"):
        await run(("/no/such/program",))
