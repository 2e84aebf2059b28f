"""
The jobs that are still going on, as `JobManager`'s own logs tell.

Actors remember nothing of their own: after a restart the board reads the same jobs from the same logs, and whoever
has to confirm or claim one goes on where they were.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from chain.abi import EVENTS_BY_CONTRACT, EVENTS_BY_TOPIC0
from chain.calls import LogFilter, header, logs_in
from chain.decode import decode
from chain.rpc import Rpc
from chain.wire import Header, RawLog
from models.values import BlockRange

BLOCKS_AT_ONCE = 10_000


class Stage(StrEnum):
    """How far a job is on chain."""

    CREATED = "created"
    CONFIRMED = "confirmed"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job and how far it is."""

    job_id: bytes
    renter: bytes
    provider: bytes
    payment_wei: int
    stage: Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Each job at each stage it reached since the last look, or since the beginning of the chain."""

    jobs: tuple[Job, ...]
    from_the_beginning: bool


class Board:
    """The jobs that are not claimed yet, by their id."""

    def __init__(self, rpc: Rpc, *, contract: bytes, first_block: int) -> None:
        self.jobs: dict[bytes, Job] = {}
        self._rpc = rpc
        self._filter = job_logs(contract)
        self._first_block = first_block
        self._seen: Header | None = None

    async def read(self) -> News:
        """Read the logs up to the head: the new ones, or all of them where the chain is no longer the one we saw."""
        head = await self._rpc.ask(header("latest"))
        seen = await self._still_there()
        if seen is None:
            self.jobs.clear()
        first = self._first_block if seen is None else seen.height + 1
        last = -1 if head is None else head.height
        logs = await read_logs(self._rpc, self._filter, first=first, last=last)
        jobs = [job for log in logs for job in self._note(log)]
        self._seen = head
        return News(jobs=tuple(jobs), from_the_beginning=seen is None)

    async def _still_there(self) -> Header | None:
        """Return the block we read up to, if the chain still has it."""
        if self._seen is None:
            return None
        now = await self._rpc.ask(header(self._seen.height))
        return now if now is not None and now.hash == self._seen.hash else None

    def _note(self, log: RawLog) -> Iterator[Job]:
        job_id, *others = decode(log)
        match EVENTS_BY_TOPIC0[log.topics[0]].name:
            case "JobCreated":
                renter, provider, payment = others
                job = Job(job_id=job_id, renter=renter, provider=provider, payment_wei=payment, stage=Stage.CREATED)
                yield self._pin(job)
            case "JobConfirmed" if job_id in self.jobs:
                yield self._pin(replace(self.jobs[job_id], stage=Stage.CONFIRMED))
            case "PaymentClaimed" if job_id in self.jobs:
                yield replace(self.jobs.pop(job_id), stage=Stage.CLAIMED)

    def _pin(self, job: Job) -> Job:
        self.jobs[job.job_id] = job
        return job


def job_logs(contract: bytes) -> LogFilter:
    """Return the filter for all that a `JobManager` logs."""
    return LogFilter(address=contract, topics=tuple(shape.topic0 for shape in EVENTS_BY_CONTRACT["JobManager"]))


async def read_logs(rpc: Rpc, ours: LogFilter, *, first: int, last: int) -> list[RawLog]:
    """Return our logs in blocks, so many at a time, in the order of the chain; none where last is before first."""
    logs: list[RawLog] = []
    while first <= last:
        blocks = BlockRange(first=first, last=min(last, first + BLOCKS_AT_ONCE - 1))
        found = await rpc.ask(logs_in(blocks, ours))
        logs.extend(found)
        first = blocks.last + 1
    return sorted(logs, key=lambda log: log.position)
