"""Programs in JavaScript, run by Node as their users would run them."""

import asyncio
import os
import shutil
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
