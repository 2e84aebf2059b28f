"""What processes used: processor time and memory, as Linux counts them."""

import asyncio
import os
import resource
from contextlib import suppress
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
LOOK_SECONDS = 0.02
MIB = 2**20


def seconds_of(pid: int) -> float:
    """Return how much processor time a process and all below it took, those too that have ended."""
    below = _children()
    found, open_pids = 0, [pid]
    while open_pids:
        each = open_pids.pop()
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            # User and system time of its own, and of its children that ended.
            found += sum(map(int, fields[11:15]))
        open_pids += below.get(each, [])
    return found / TICKS_PER_SECOND


def seconds_of_ended_children() -> float:
    """Return how much processor time all our children took that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def resident_bytes_over_time(pid: int) -> list[int]:
    """Return how much memory a process held, at equal steps until it ended."""
    seen: list[int] = []
    while resident := _resident_bytes(pid):
        seen.append(resident)
        await asyncio.sleep(LOOK_SECONDS)
    return seen


def _resident_bytes(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(1024 * int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def _children() -> dict[int, list[int]]:
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                below.setdefault(parent, []).append(int(entry.name))
    return below
