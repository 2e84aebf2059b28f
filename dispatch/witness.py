"""
Read the logs behind a dispatch again, by the hashes of their blocks.

A job whose log is not found, or cannot be asked for, rests a while; the others go on.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

import structlog

from chain.calls import LogFilter, logs_of
from chain.errors import RpcError
from chain.rpc import Rpc
from dispatch import verify
from dispatch.job_values import Waiting
from models.values import show_bytes

REST_SECONDS = 30.0
QUESTIONS_AT_ONCE = 10

logger = structlog.get_logger()


class Witness:
    """An endpoint's word on what we are about to act on."""

    def __init__(self, rpc: Rpc, contract: bytes, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rpc = rpc
        self._ours: LogFilter = verify.log_filter(contract)
        self._clock = clock
        self._resting: dict[bytes, float] = {}
        self._questions = asyncio.Semaphore(QUESTIONS_AT_ONCE)

    @property
    def resting(self) -> list[bytes]:
        """The ids of jobs not to be asked about now."""
        now = self._clock()
        self._resting = {job_id: until for job_id, until in self._resting.items() if until > now}
        return list(self._resting)

    async def proven(self, jobs: Sequence[Waiting]) -> list[Waiting]:
        """Return the jobs that the chain still vouches for; one that was handed out before is not asked about."""
        doubts = await asyncio.gather(*(self._doubt(job) for job in jobs))
        for job, doubt in zip(jobs, doubts, strict=True):
            if doubt:
                self._resting[job.job_id] = self._clock() + REST_SECONDS
                logger.warning(
                    "dispatch.doubt", job=show_bytes(job.job_id), block=job.block_number, reason=doubt,
                    retry_in_s=REST_SECONDS,
                )  # fmt: skip
        return [job for job, doubt in zip(jobs, doubts, strict=True) if not doubt]

    async def _doubt(self, job: Waiting) -> str:
        """Return what speaks against the job, or nothing."""
        if job.attempts > 0:
            return ""
        try:
            async with self._questions:
                logs = await self._rpc.ask(logs_of(show_bytes(job.block_hash), self._ours))
        except RpcError as error:
            return f"{type(error).__name__}: {error}"
        return "" if verify.is_there(job, logs, self._ours) else "its JobCreated is not in its block"
