"""
Look for garbage in circles seldom, and never in the middle of an answer that thousands wait for.

Python visits everything that lives whenever a quarter has been added to it. With thousands of connections that is a
pause of some hundred milliseconds, at a moment nobody chose. Nearly all garbage is freed at once, without being looked
for; what is left, connections that ended above all, can wait a minute.
"""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SECONDS = 60.0
PASSES = 200
"""Smaller passes before a whole one is made after all: more than a million things, as 15,000 connections are."""


@asynccontextmanager
async def collected_seldom(seconds: float = SECONDS) -> AsyncIterator[None]:
    """Visit everything once in so many seconds for as long as the block lasts; what lives already is left out."""
    before = gc.get_threshold()
    gc.set_threshold(before[0], before[1], PASSES)
    gc.freeze()
    collecting = asyncio.create_task(_collect(seconds))
    try:
        yield
    finally:
        collecting.cancel()
        gc.unfreeze()
        gc.set_threshold(*before)


async def _collect(seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        gc.collect()
