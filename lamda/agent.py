"""
The reference agent: takes a provider's jobs from NATS, runs a command for each, and reports.

    listen   a job comes ─► into the journal ─► acknowledged, until none waits
    work     the oldest job in the journal that has not ended ─► run ─► its outcome into the journal
    tell     what the journal holds and has not been reported ─► reported, into the journal

The three meet in the journal only, so that each goes on while NATS is away, and all go on after a crash.
"""

import asyncio
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from devnet import assignments
from devnet.agent_line import Delivery, Line, LineDown, TurnedAway, open_line
from devnet.api_client import ApiError
from devnet.assignments import NotForUs
from lamda import agent_run
from lamda.agent_journal import Journal, Work
from lamda.agent_login import Login
from models.values import checksum_address, show_bytes
from runtime.lifecycle import heed_cancellation, pause
from runtime.race import race
from runtime.tally import Tally

PAUSE_SECONDS = 0.05
RETRY_SECONDS = 1.0
RETRY_SECONDS_MAX = 30.0

logger = structlog.get_logger()


class Agent:
    """The agent of one provider, with one command for all jobs, which it runs one after the other."""

    def __init__(self, login: Login, journal: Journal, command: Sequence[str]) -> None:
        self._login = login
        self._journal = journal
        self._command = command
        self._provider = checksum_address(login.address)
        self._line: Line | None = None
        self._was_connected = False
        self._is_behind = False
        self._work_is_there = asyncio.Event()
        self._telling = asyncio.Event()
        self._tally = Tally()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; a job that is under way then is ended, and run again by the next run."""
        if leftovers := agent_run.end_leftovers(self._journal.begun):
            logger.warning("agent.leftovers", processes=leftovers, reason="an agent of before was killed")
        await race(_until(stop), self._listen(stop), self._work(), self._tell(stop))
        for job_id, work in self._journal.waiting:
            logger.info("agent.stopped", job=show_bytes(job_id), begun=work.run is not None, next="at the next start")

    async def _listen(self, stop: asyncio.Event) -> None:
        delay = RETRY_SECONDS
        while not stop.is_set():
            self._was_connected = False
            try:
                await self._serve()
            except (LineDown, ApiError) as error:
                if isinstance(error, TurnedAway):
                    self._login.doubt()
                if times := self._tally.note(str(error)):
                    logger.warning("agent.waits", reason=str(error), times=times)
                delay = RETRY_SECONDS if self._was_connected else min(RETRY_SECONDS_MAX, 2 * delay)
                await pause(stop, delay)

    async def _serve(self) -> None:
        """Take jobs until the line is down or the credential is to be renewed."""
        async with open_line(await self._login.credential(), self._login.address) as line:
            logger.info("agent.connected", provider=self._provider)
            self._line, self._was_connected = line, True
            self._telling.set()
            try:
                while not self._login.is_due():
                    heed_cancellation()
                    delivery = await line.next_delivery()
                    if delivery is not None:
                        await self._take(delivery, line)
                    else:
                        # Some reasons for nothing are answered at once.
                        await asyncio.sleep(PAUSE_SECONDS)
                    self._note_behind(is_behind=delivery is not None and not delivery.is_last)
            finally:
                self._line = None

    async def _take(self, delivery: Delivery, line: Line) -> None:
        try:
            job = assignments.read(delivery.payload, provider=self._login.address)
        except NotForUs as error:
            logger.warning("agent.refused", provider=self._provider, reason=str(error)[:200])
        else:
            is_new = self._journal.take(job, delivery.payload.decode(errors="replace"), is_repeat=delivery.is_repeat)
            logger.info("agent.took", job=show_bytes(job.job_id), attempt=job.attempt, retry=job.retry, is_new=is_new)
            self._work_is_there.set()
        await line.acknowledge(delivery)

    def _note_behind(self, *, is_behind: bool) -> None:
        """Tell what there is to tell once all that waits is taken: an answer to each old attempt would be a flood."""
        self._is_behind = is_behind
        if not is_behind:
            self._telling.set()

    async def _work(self) -> None:
        while True:
            self._work_is_there.clear()
            for job_id, work in self._journal.waiting:
                await self._run(job_id, work)
            await self._work_is_there.wait()

    async def _run(self, job_id: bytes, work: Work) -> None:
        name, began = uuid.uuid4().hex, time.monotonic()
        self._journal.begin(job_id, name)
        self._telling.set()
        job = assignments.read(work.message.encode(), provider=self._login.address)
        outcome = await agent_run.run(self._command, job, work.message, provider=self._provider, name=name)
        self._journal.end(job_id, outcome)
        self._telling.set()
        took = round(time.monotonic() - began, 1)
        reason = {"reason": outcome.message} if outcome.message else {"output": outcome.output_url}
        logger.info("agent.ran", job=show_bytes(job_id), said=outcome.said, took_s=took, **reason)

    async def _tell(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            heed_cancellation()
            await self._telling.wait()
            self._telling.clear()
            if self._line is None or self._is_behind:
                continue
            try:
                await self._tell_all(self._line)
            except LineDown as error:
                if times := self._tally.note(str(error)):
                    logger.warning("agent.waits", reason=str(error), times=times)
                await pause(stop, RETRY_SECONDS)
                self._telling.set()

    async def _tell_all(self, line: Line) -> None:
        for job_id, work, outcome in self._journal.untold:
            job = assignments.read(work.message.encode(), provider=self._login.address)
            await line.report(assignments.report(job, outcome, at=datetime.now(UTC)))
            self._journal.tell(job_id, outcome.said, attempt=work.attempt)
            logger.info("agent.told", job=show_bytes(job_id), said=outcome.said, attempt=work.attempt)


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()
