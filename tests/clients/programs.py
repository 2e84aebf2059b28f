"""Programs in JavaScript, run by Node as their users would run them."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

FOLDER = Path(__file__).parent


def node() -> str:
    """Return where Node is: `make` brings one of its own where the machine has none."""
    places = os.pathsep.join([os.environ.get("PATH", ""), str(FOLDER.parents[1] / ".tools" / "bin")])
    found = shutil.which("node", path=places)
    assert found, "no Node on PATH nor in .tools/bin: run `make setup`"
    return found


async def start(name: str, *arguments: str) -> asyncio.subprocess.Process:
    """Start a program of this folder, to be written to and read from."""
    return await asyncio.create_subprocess_exec(
        node(),
        *(str(FOLDER / name), *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def heard(lines: asyncio.StreamReader, tell: Callable[[], Awaitable[None]]) -> bytes:
    """Tell something until a program, however long it takes to connect, prints that it has heard; return the line."""
    hearing = asyncio.ensure_future(lines.readline())
    while not hearing.done():
        await tell()
        await asyncio.wait({hearing}, timeout=0.1)
    return await hearing
