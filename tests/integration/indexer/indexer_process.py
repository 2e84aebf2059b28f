"""
The indexer in a process of its own, to be killed or measured.

Run as a module it is that process: it follows the chains that its only argument names (JSON), until stopped or up to
a block. Imported, it starts one and hands over its handle.
"""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from indexer.program import Source, index
from indexer.values import Followed
from models.values import Chain
from runtime.database import open_pool
from runtime.lifecycle import run_until_stopped

POLL_SECONDS = 0.01


async def start(
    database_url: str, sources: Sequence[tuple[Followed, str]], *, offline_after: timedelta, to_block: int | None = None
) -> asyncio.subprocess.Process:
    """Start the indexer on chains, each with the URL of its endpoint."""
    order = {
        "database_url": database_url,
        "offline_after_seconds": offline_after.total_seconds(),
        "to_block": to_block,
        "sources": [
            {
                "chain": followed.chain,
                "chain_id": followed.chain_id,
                "contract": followed.contract.hex(),
                "start_block": followed.start_block,
                "url": url,
            }
            for followed, url in sources
        ],
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, json.dumps(order)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


def source_of(order: Mapping[str, Any]) -> Source:
    """Return the source that an order names."""
    followed = Followed(
        chain=Chain(order["chain"]),
        chain_id=order["chain_id"],
        contract=bytes.fromhex(order["contract"]),
        start_block=order["start_block"],
    )
    return Source(followed=followed, urls=(order["url"],), poll_seconds=POLL_SECONDS)


def main() -> None:
    """Follow as ordered."""
    order = json.loads(sys.argv[1])

    async def program(stop: asyncio.Event) -> None:
        async with open_pool(order["database_url"], program="index", size=8) as pool:
            await index(
                pool,
                [source_of(each) for each in order["sources"]],
                stop,
                offline_after=timedelta(seconds=order["offline_after_seconds"]),
                wait_seconds=30,
                to_block=order["to_block"],
            )

    asyncio.run(run_until_stopped(program))


if __name__ == "__main__":
    main()
