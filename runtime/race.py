"""Run several things at once until the first of them ends."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def race(*runners: Coroutine[Any, Any, Result]) -> Result:
    """
    Return what the first to end returns, or raise what it raises; the others are cancelled and waited for.

    Where several end at the same moment the one named first counts.
    """
    tasks = [asyncio.ensure_future(runner) for runner in runners]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task in ended).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
