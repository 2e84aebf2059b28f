"""
Do chores at intervals, beside whatever else the reactor does.

APScheduler says when; a chore that is still under way is not begun again. A chore that fails ends them all, so that
whoever runs them decides what to wait for; each begins again at once when they are run again, and none remembers
anything that the database does not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]  # It has no annotations.


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """What to do, and how often."""

    name: str
    seconds: float
    work: Callable[[], Awaitable[object]]


class Scheduler:
    """Chores, done until told to stop."""

    def __init__(self, *chores: Chore) -> None:
        self._chores = chores

    async def run(self, stop: asyncio.Event) -> None:
        """Do each chore now and at its intervals; return when told to stop, and raise what one of them raises."""
        try:
            async with asyncio.TaskGroup() as group:
                scheduler = AsyncIOScheduler(timezone=UTC)
                for chore in self._chores:
                    _plan(scheduler, group, chore)
                scheduler.start()
                try:
                    await stop.wait()
                finally:
                    scheduler.shutdown(wait=False)
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors


def _plan(scheduler: AsyncIOScheduler, group: asyncio.TaskGroup, chore: Chore) -> None:
    under_way: list[asyncio.Task[None]] = []

    async def work() -> None:
        await chore.work()

    async def begin() -> None:
        """Begin in the group and end at once: what fails is the group's to raise, not APScheduler's to log."""
        if not any(not task.done() for task in under_way):
            under_way[:] = [group.create_task(work(), name=chore.name)]

    scheduler.add_job(
        begin,
        "interval",
        seconds=chore.seconds,
        name=chore.name,
        next_run_time=datetime.now(UTC),
        coalesce=True,
        misfire_grace_time=None,
    )
