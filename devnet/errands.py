"""
Who has to do what next about the jobs on the board: renters confirm, providers claim, each some seconds later. A
renter who can see whether a job is done confirms it only then.

An errand is sent and not waited for. If the board shows no outcome after a while, it is done again, which is safe
because the contract lets each happen once.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

import structlog

from chain.connection import Reverted
from devnet.board import Board, Job, News, Stage
from devnet.providers import Provider
from devnet.renters import Renter
from models.values import checksum_address, show_bytes

logger = structlog.get_logger()

RETRY_SECONDS = 20.0

OUTCOMES = {
    Stage.CREATED: "renter.created",
    Stage.CONFIRMED: "renter.confirmed",
    Stage.CLAIMED: "provider.claimed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How long after creation a job is confirmed, and how long after confirmation it is claimed, on average."""

    confirm_seconds: float
    claim_seconds: float


class Errands:
    """What our renters and providers have to do, and when."""

    def __init__(
        self,
        board: Board,
        *,
        renters: Mapping[bytes, Renter],
        providers: Mapping[bytes, Provider],
        delays: Delays,
        dice: Random,
    ) -> None:
        self._board = board
        self._renters = renters
        self._providers = providers
        self._delays = delays
        self._dice = dice
        self._due: dict[bytes, float] = {}

    async def step(self) -> None:
        """Look at the board, then do what is due."""
        news = await self._board.read()
        now = asyncio.get_running_loop().time()
        if news.from_the_beginning:
            self._due.clear()
        for job in news.jobs:
            self._plan(job, now)
        announce(news, open_jobs=len(self._board.jobs))
        for job in [job for job in self._due_jobs(now) if self._can_be_done(job)]:
            self._due[job.job_id] = now + RETRY_SECONDS
            await self._act(job)

    def _plan(self, job: Job, now: float) -> None:
        """Note when one of ours has to act on a job, or that nobody has."""
        self._due.pop(job.job_id, None)
        if job.stage is Stage.CREATED and job.renter in self._renters:
            self._due[job.job_id] = now + self._delays.confirm_seconds * self._dice.uniform(0.5, 1.5)
        if job.stage is Stage.CONFIRMED and job.provider in self._providers:
            self._due[job.job_id] = now + self._delays.claim_seconds * self._dice.uniform(0.5, 1.5)

    def _due_jobs(self, now: float) -> list[Job]:
        return [self._board.jobs[job_id] for job_id, due in self._due.items() if due <= now]

    def _can_be_done(self, job: Job) -> bool:
        return job.stage is not Stage.CREATED or self._renters[job.renter].has_result(job)

    async def _act(self, job: Job) -> None:
        """Confirm or claim a job."""
        try:
            if job.stage is Stage.CREATED:
                await self._renters[job.renter].confirm(job)
            else:
                await self._providers[job.provider].claim(job)
        except Reverted as error:
            # Somebody was faster, or the chain is no longer the one we saw: the next look tells.
            logger.warning("errand.refused", job=show_bytes(job.job_id), stage=job.stage.value, reason=error.reason)


def announce(news: News, *, open_jobs: int) -> None:
    """Log what happened, or in one line what had happened before we came."""
    if news.from_the_beginning:
        logger.info("world.found", events=len(news.jobs), open_jobs=open_jobs)
        return
    for job in news.jobs:
        logger.info(
            OUTCOMES[job.stage],
            job=show_bytes(job.job_id),
            renter=checksum_address(job.renter),
            provider=checksum_address(job.provider),
            payment_wei=job.payment_wei,
        )
