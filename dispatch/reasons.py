"""
Tell subscribers when the reason of an open job changes though nobody did anything.

A provider goes offline, an agent leaves its job unanswered, a spec does not come: no fact says so, time does. Each step
looks at the open jobs, at so many of them at most, and goes on where the one before it ended:

    read    a page of jobs with what was told of each
    decide  whose reason is another one now
    commit  an entry of the feed for each of them, and what was told
    act     a line in the log for each job that is newly in trouble
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from dispatch.reason_store import FIRST, OPEN, News, OpenJob, Page, Place, ReasonStore
from models.reason import Trouble, explain
from models.values import show_bytes

PAGE = 500
JOBS_PER_STEP_MAX = 5_000

logger = structlog.get_logger()


@dataclass(slots=True)
class Round:
    """What one round over all open jobs has found so far."""

    seen: int = 0
    told: int = 0
    troubles: Counter[Trouble] = field(default_factory=Counter)


class Reasons:
    """The reasons of open jobs, as subscribers know them."""

    def __init__(self, store: ReasonStore, *, page: int = PAGE, jobs_per_step_max: int = JOBS_PER_STEP_MAX) -> None:
        self._store = store
        self._page = page
        self._jobs_per_step_max = jobs_per_step_max
        self._place = FIRST
        self._round = Round()

    async def step(self) -> None:
        """Tell what is news among the next jobs, to the end of the round at most."""
        until = self._round.seen + self._jobs_per_step_max
        while self._round.seen < until:
            page = await self._store.tell(news, self._place, self._page)
            if page is None:
                return
            self._note(page)
            next_place = place_after(self._place, page.jobs, self._page)
            if next_place is None:
                await self._end_round()
                return
            self._place = next_place

    def _note(self, page: Page) -> None:
        told = {each.job_id: each.reason for each in page.news}
        self._round.seen += len(page.jobs)
        self._round.told += len(told)
        for job in page.jobs:
            reason = told.get(job.job_id) or job.told
            if reason is None or reason.trouble is None:
                continue
            self._round.troubles[reason.trouble] += 1
            if job.told is None or job.told.trouble is not reason.trouble:
                logger.warning(
                    "job.trouble", job=show_bytes(job.job_id), trouble=reason.trouble.value, reason=reason.text
                )

    async def _end_round(self) -> None:
        done, self._round, self._place = self._round, Round(), FIRST
        await self._store.forget()
        if done.told:
            counts = {trouble.name.lower(): count for trouble, count in sorted(done.troubles.items())}
            logger.info("reasons.told", jobs=done.seen, told=done.told, **counts)


def news(jobs: Sequence[OpenJob]) -> list[News]:
    """Return the reasons that are others than those told."""
    explained = [(job, explain(job.facts, job.now)) for job in jobs]
    return [News(job_id=job.job_id, reason=reason) for job, reason in explained if reason != job.told]


def place_after(place: Place, jobs: Sequence[OpenJob], page: int) -> Place | None:
    """Return where the page after this one begins, or None when it was the last of the round."""
    if len(jobs) == page:
        return jobs[-1].place
    later = OPEN[OPEN.index(place.status) + 1 :]
    return Place(status=later[0]) if later else None
