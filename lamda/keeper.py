"""
Keep a program running: start it again whenever it ends, ever more slowly, and never in silence.

A program that has run for a minute is taken to be well again. Which programs there are, and when to stop them, is
`up`'s business.
"""

import asyncio

from lamda.announcer import Announcer
from runtime.processes import Child, Program

PAUSES_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
WELL_AFTER_SECONDS = 60.0


class Keeper:
    """One program that is wanted until `stop`."""

    def __init__(self, program: Program, announcer: Announcer) -> None:
        self.child = Child(program)
        self._announcer = announcer

    async def start(self) -> None:
        """Start the program for the first time."""
        await self.child.start()

    async def keep(self) -> None:
        """Start the program again each time it ends; never return."""
        clock = asyncio.get_running_loop().time
        restarts = 0
        while True:
            began = clock()
            await self.child.wait()
            restarts = 0 if clock() - began > WELL_AFTER_SECONDS else restarts
            pause = pause_seconds(restarts)
            self._announcer.warn(f"{self.child.describe_end()}\nstarting it again in {pause:g} s")
            await asyncio.sleep(pause)
            await self.child.start()
            restarts += 1

    async def stop(self) -> None:
        """End the program for good. `keep` must not run any more."""
        await self.child.stop()


def pause_seconds(restarts: int) -> float:
    """Return how long to wait before the next start after so many that did not last."""
    return PAUSES_SECONDS[min(restarts, len(PAUSES_SECONDS) - 1)]
