"""A command of `lamda` in a process of its own, as an operator runs it in a script, and what it prints."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from indexer.values import Followed
from models.values import checksum_address
from tests.integration.lamda.runs import KEPT
from tests.integration.local_chain import World

END_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of a command."""

    code: int
    said: str
    complaint: str


async def start(settings: Mapping[str, str], *words: str) -> asyncio.subprocess.Process:
    """Start a command with these settings and no others."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lamda", *words),
        env={**kept, **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def end_of(process: asyncio.subprocess.Process) -> Ended:
    """Return what came of a command when it ends."""
    async with asyncio.timeout(END_SECONDS_MAX):
        said, complaint = await process.communicate()
    assert process.returncode is not None
    return Ended(code=process.returncode, said=said.decode(), complaint=complaint.decode())


async def lamda(settings: Mapping[str, str], *words: str) -> Ended:
    """Run a command to its end."""
    return await end_of(await start(settings, *words))


def settings_of(world: World, database_url: str) -> dict[str, str]:
    """Return the settings by which commands find a world and the database of it."""

    def of(name: str, followed: Followed, contract: str) -> dict[str, str]:
        return {
            f"{name}_RPC_URL": world.chain(followed.chain).url,
            f"{name}_CHAIN_ID": str(followed.chain_id),
            f"{name}_START_BLOCK": str(followed.start_block),
            f"{contract}_CONTRACT_ADDRESS": checksum_address(followed.contract),
        }

    return {
        "DATABASE_URL": database_url,
        **of("BSC", world.job_manager, "JOB_MANAGER"),
        **of("OPBNB", world.node_reputation, "NODE_REPUTATION"),
    }
