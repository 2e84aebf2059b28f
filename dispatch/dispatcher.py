"""
Hand each job to its provider's agent.

    read    jobs that are due for an attempt, and the log behind each new one, again, from the chain
    decide  the next attempt of each
    commit  the attempts, with their tokens
    act     publish what is committed and not acknowledged; what then is, is committed too

Level-triggered: work is the rows that should be there and are not, so that a lost notification loses nothing.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import structlog

from dispatch import plan, route
from dispatch.job_values import Attempt, Spec, Waiting
from dispatch.outbox import Outbox
from dispatch.streams import Streams
from dispatch.witness import Witness
from models.values import checksum_address, show_bytes
from runtime import feed
from runtime.lifecycle import Program, heed_cancellation

BATCH = 100

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOut:
    """What one step did: attempts decided, and attempts acknowledged by the stream."""

    decided: int
    published: int

    @property
    def is_idle(self) -> bool:
        """Say whether there was nothing to do."""
        return not (self.decided or self.published)


class Dispatcher:
    """Jobs out of Postgres onto the bus."""

    def __init__(
        self,
        outbox: Outbox,
        witness: Witness,
        streams: Streams,
        *,
        new_token: Callable[[], str] = lambda: secrets.token_urlsafe(24),
    ) -> None:
        self._outbox = outbox
        self._witness = witness
        self._streams = streams
        self._new_token = new_token
        self.decided = 0
        self.published = 0

    async def step(self) -> HandedOut:
        """Bring jobs that are due one attempt nearer to their agents."""
        waiting = await self._outbox.waiting(BATCH, but=[claim.job_id for claim in self._witness.resting])
        proven = await self._proven(waiting)
        attempts = plan.attempts(proven, [self._new_token() for _ in proven])
        decided = await self._outbox.decide(attempts)
        self.decided += decided
        published = await self._outbox.publish(self._send, BATCH)
        self.published += published
        if decided or published:
            logger.info("dispatch.step", decided=decided, published=published)
        return HandedOut(decided=decided, published=published)

    def runner(self, database_url: str) -> Program:
        """Return the program that steps at each commit, and each second anyway, until told to stop."""

        async def run(stop: asyncio.Event) -> None:
            async with feed.ticks(database_url) as ticks:
                await self.run(ticks, stop)

        return run

    async def run(self, ticks: AsyncIterator[None], stop: asyncio.Event) -> None:
        """Do at each tick what there is to do, until told to stop."""
        await self._streams.ensure()
        async for _ in ticks:
            while not stop.is_set() and not (await self.step()).is_idle:
                heed_cancellation()
            if stop.is_set():
                return

    async def _proven(self, waiting: Sequence[Waiting]) -> list[Waiting]:
        """Return the jobs that the chain vouches for; one that was handed out before is not asked about again."""
        claims = await self._witness.proven([job.claim for job in waiting if not job.is_repeat])
        return [job for job in waiting if job.is_repeat or job.claim in claims]

    async def _send(self, attempt: Attempt, spec: Spec) -> None:
        await self._streams.publish(route.message(attempt, spec))
        logger.info(
            "dispatch.sent",
            job=show_bytes(attempt.job_id),
            provider=checksum_address(attempt.provider),
            attempt=attempt.number,
        )
