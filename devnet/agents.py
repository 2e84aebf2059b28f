"""
Agents of the local world: each takes its provider's jobs from NATS, runs them, and reports.

A well-behaved agent runs a job once, however often it is handed over, and once more when a person asked for that: what
it has run it remembers, and what it has not reported comes again. It acknowledges a job only after its report is
stored, so that a job taken by an agent that died is not lost.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

import structlog

from devnet.agent_line import Line, TurnedAway, open_line
from devnet.assignments import PROCESSING, Assignment, NotForUs, Outcome, Said, read, report
from devnet.member import Credential, Member
from models.values import JobStatus, checksum_address, show_bytes
from runtime.lifecycle import heed_cancellation

FAILURES_SHARE = 0.03
OVER = {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}
PAUSE_SECONDS = 0.05
REFUSALS_MAX = 3
# A credential that ends sooner is not worth a connection.
CREDENTIAL_SECONDS_MIN = 30.0

logger = structlog.get_logger()


class Agent:
    """The agent of one provider. `run_seconds` is what a job takes on average; `seed` decides which ones fail."""

    def __init__(self, member: Member, *, run_seconds: float, seed: int) -> None:
        self._member = member
        self._run_seconds = run_seconds
        self._seed = seed
        self._credential: Credential | None = None
        self._refusals = 0
        self._outcomes: dict[bytes, tuple[int, Outcome]] = {}

    async def serve(self) -> None:
        """Take jobs, one after the other, until the line is down. Raises `ApiError` and `LineDown`."""
        credential = self._credential = await self._valid_credential()
        try:
            async with open_line(credential, self._member.address) as line:
                self._refusals = 0
                logger.info("agent.connected", provider=checksum_address(self._member.address))
                while True:
                    await self.step(line)
                    heed_cancellation()
        except TurnedAway:
            self._doubt_credential()
            raise

    async def step(self, line: Line) -> None:
        """Deal with the next job, if one comes in a while."""
        delivery = await line.next_delivery()
        if delivery is None:
            # Some reasons for nothing are answered at once.
            await asyncio.sleep(PAUSE_SECONDS)
            return
        try:
            job = read(delivery.payload, provider=self._member.address)
        except NotForUs as error:
            logger.warning("agent.refused", provider=checksum_address(self._member.address), reason=str(error))
        else:
            await self._deal_with(job, line, is_repeat=delivery.is_repeat or job.attempt > 1)
        await line.acknowledge(delivery)

    async def _deal_with(self, job: Assignment, line: Line, *, is_repeat: bool) -> None:
        """Run a job, unless it was run before, and report how it ended."""
        retry, outcome = self._outcomes.get(job.job_id, (job.retry, None))
        if outcome is None or job.retry > retry:
            # Perhaps run before our memory begins.
            if is_repeat and await self._member.job_status(job.job_id) in OVER:
                return
            await line.report(report(job, PROCESSING, at=datetime.now(UTC)))
            outcome = await self._run(job)
            self._outcomes[job.job_id] = job.retry, outcome
        await line.report(report(job, outcome, at=datetime.now(UTC)))

    async def _run(self, job: Assignment) -> Outcome:
        """Pretend to run a job; how long it takes and how it ends follows from its id and its retry."""
        name, provider = show_bytes(job.job_id), checksum_address(self._member.address)
        dice = Random(f"{self._seed} {name}" + (f" {job.retry}" if job.retry else ""))
        logger.info("agent.runs", job=name, provider=provider, image=job.docker_image, attempt=job.attempt)
        await asyncio.sleep(self._run_seconds * dice.uniform(0.5, 1.5))
        outcome = (
            Outcome(said=Said.FAILED, message="the container ended with exit code 1")
            if dice.random() < FAILURES_SHARE
            else Outcome(said=Said.COMPLETED, output_url=job.output_url)
        )
        logger.info("agent.ran", job=name, provider=provider, said=outcome.said)
        return outcome

    async def _valid_credential(self) -> Credential:
        soon = datetime.now(UTC) + timedelta(seconds=CREDENTIAL_SECONDS_MIN)
        if self._credential is None or self._credential.expires_at < soon:
            return await self._member.agent_credential()
        return self._credential

    def _doubt_credential(self) -> None:
        """Forget a credential that was turned away several times; once means nothing while nobody minds the door."""
        self._refusals += 1
        if self._refusals % REFUSALS_MAX == 0:
            self._credential = None
