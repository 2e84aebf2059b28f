"""
Run a command for a job, so that it ends with the agent and never runs twice.

The command is told the job in its environment and on stdin. What comes from a renter is never part of a command line.
A run that an agent of before has left behind, killed as it was, is found by its name in the environment of processes.
"""

import asyncio
import errno
import os
import signal
from collections import deque
from collections.abc import Collection, Sequence, Set
from contextlib import suppress
from pathlib import Path

from devnet.assignments import Assignment, Outcome, Said
from models.values import show_bytes
from runtime.errors import CannotRun
from runtime.processes import tethered

RUN = "LAMDA_AGENT_RUN"
SECRETS = {"AGENT_PRIVATE_KEY", "AGENT_PRIVATE_KEY_FILE", "AGENT_TOKEN"}
STOP_SECONDS = 10.0
CLOSE_SECONDS = 5.0
POLL_SECONDS = 0.02
TAIL_CHARACTERS = 1_500
LINE_BYTES = 4_096
URL_MAX = 2_048


async def run(command: Sequence[str], job: Assignment, message: str, *, provider: str, name: str) -> Outcome:
    """Run the command to its end and return what to report of it; when cancelled, end it first."""
    try:
        process = await asyncio.create_subprocess_exec(
            *tethered(command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(job, provider=provider, name=name),
            start_new_session=True,
        )
    except OSError as error:
        if error.errno == errno.E2BIG:
            return Outcome(said=Said.FAILED, message=f"cannot run {command[0]}: {error.strerror}")
        # What this machine lacks is not the job's fault, and a job that has failed is never handed over again.
        raise CannotRun(f"cannot run {command[0]}: {error.strerror}; make room and start the agent again") from error
    tails = [asyncio.create_task(_tail(stream)) for stream in (process.stdout, process.stderr)]
    writing = asyncio.create_task(_write(process.stdin, message))
    try:
        code = await _exited(process)
    except BaseException:
        await _end(process)
        raise
    finally:
        # What it has started and left ends with it.
        _kill_group(process)
        end_leftovers({name})
        await asyncio.wait((*tails, writing), timeout=CLOSE_SECONDS)
        for task in (*tails, writing):
            task.cancel()
    said, complaint = ("" if tail.cancelled() else tail.result() for tail in tails)
    return _outcome(job, code, said, complaint)


def environment(job: Assignment, *, provider: str, name: str) -> dict[str, str]:
    """Return what the command finds in its environment: ours without our secrets, and the job."""
    given = {
        "JOB_ID": show_bytes(job.job_id),
        "PROVIDER": provider,
        "DOCKER_IMAGE": job.docker_image,
        "INPUT_URL": job.input_url,
        "OUTPUT_BUCKET": job.output_bucket,
        "OUTPUT_NAME": job.output_name,
        "OUTPUT_URL": job.output_url,
        RUN: name,
    }
    ours = {key: value for key, value in os.environ.items() if key not in SECRETS}
    return ours | {key: value.replace("\0", "\N{REPLACEMENT CHARACTER}") for key, value in given.items()}


def end_leftovers(names: Collection[str]) -> int:
    """Kill what is left of runs of an agent that is no more, and return how many processes it was."""
    marks = {f"{RUN}={name}".encode() for name in names}
    killed: set[Path] = set()
    # Looked for again until there is none: what is killed may have started another since it was found.
    while found := {process for process in Path("/proc").glob("[0-9]*") if marks and _is_of(process, marks)} - killed:
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(int(process.name), signal.SIGKILL)
        killed |= found
    return len(killed)


def _is_of(process: Path, marks: Set[bytes]) -> bool:
    try:
        return not marks.isdisjoint((process / "environ").read_bytes().split(b"\0"))
    except OSError:  # Ended meanwhile, or another user's: neither is ours.
        return False


def _outcome(job: Assignment, code: int, said: str, complaint: str) -> Outcome:
    if code == 0:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        return Outcome(said=Said.COMPLETED, output_url=lines[-1][:URL_MAX] if lines else job.output_url)
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return Outcome(said=Said.FAILED, message=f"the command {how}: {complaint.strip()[-TAIL_CHARACTERS:]}")


async def _write(stdin: asyncio.StreamWriter | None, message: str) -> None:
    assert stdin is not None
    # A command need not read it.
    with suppress(OSError):
        stdin.write(message.encode())
        await stdin.drain()
    with suppress(OSError):
        stdin.close()
        await stdin.wait_closed()


async def _tail(stream: asyncio.StreamReader | None) -> str:
    """Return the end of what a stream says, however much it is."""
    assert stream is not None
    last: deque[bytes] = deque(maxlen=2)
    while chunk := await stream.read(LINE_BYTES):
        # Filled up, so that the two together always hold a whole line.
        if last and len(last[-1]) + len(chunk) <= LINE_BYTES:
            last[-1] += chunk
        else:
            last.append(chunk)
    return b"".join(last).decode(errors="replace")


async def _exited(process: asyncio.subprocess.Process) -> int:
    """Return the exit code as soon as there is one; `wait` would wait for whoever holds the pipes, too."""
    while process.returncode is None:
        await asyncio.sleep(POLL_SECONDS)
    return process.returncode


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask the command to end, and wait for that a while."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(TimeoutError):
        await asyncio.wait_for(_exited(process), STOP_SECONDS)


def _kill_group(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
