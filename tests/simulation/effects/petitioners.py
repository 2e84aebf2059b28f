"""People who want jobs that failed to be run once more."""

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

import psycopg

from models.retry_values import RunAgain
from runtime import retry_store
from runtime.database import Pool

STEP_SECONDS: Final = 1.3
LIKELIHOOD: Final = 0.4


class Petitioners:
    """Those who ask; `asked` says how often each job may be run once more for that."""

    def __init__(self, pool: Pool, dice: Random, *, is_over: Callable[[], bool]) -> None:
        self._pool = pool
        self._dice = dice
        self._is_over = is_over
        self.asked: Counter[bytes] = Counter()

    async def ask(self) -> None:
        """Ask for some of the jobs that are there, failed or open, and for none once it is over."""
        while True:
            await asyncio.sleep(STEP_SECONDS)
            if self._is_over():
                continue
            try:
                await self._ask_for_some()
            except psycopg.OperationalError:
                continue

    async def _ask_for_some(self) -> None:
        async with self._pool.connection() as connection:
            rows = await connection.execute("select job_id from jobs where status <> 'COMPLETED' order by job_id")
            job_ids = [row[0] for row in await rows.fetchall()]
        for job_id in job_ids:
            if self._dice.random() < LIKELIHOOD:
                await self._ask_for(job_id)

    async def _ask_for(self, job_id: bytes) -> None:
        # Counted before it is known: an answer may be lost, and the wish with it or not.
        self.asked[job_id] += 1
        async with self._pool.connection() as connection:
            verdict = await retry_store.retry(connection, job_id, asked_by="the simulation")
        if not isinstance(verdict, RunAgain):
            self.asked[job_id] -= 1
