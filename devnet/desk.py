"""
A renter's desk: papers in, results out.

The chain says who rents from whom and for how much, and nothing else. What to run is handed in at the API, and there
the renter sees which jobs are done. What the API shows is all there is to go by: a desk that was closed, or an API
that was away, is made up for at the next look.
"""

import structlog

from devnet.api_client import ApiRefused
from devnet.member import Member
from devnet.specs import spec_of
from models.values import checksum_address, show_bytes

logger = structlog.get_logger()


class Desk:
    """What one renter does at the API."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._finished: frozenset[bytes] = frozenset()
        self._refused: set[bytes] = set()

    def has_result(self, job_id: bytes) -> bool:
        """Say whether a job was reported completed when we last looked."""
        return job_id in self._finished

    async def step(self) -> None:
        """Look at the renter's jobs, and hand in each spec that is missing."""
        jobs = await self._member.renter_jobs()
        self._finished = jobs.finished
        for job_id in jobs.without_spec:
            await self.hand_in(job_id)

    async def hand_in(self, job_id: bytes) -> None:
        """Hand in the spec of a job; one that the API refuses is told once and left."""
        if job_id in self._refused:
            return
        who, job = checksum_address(self._member.address), show_bytes(job_id)
        try:
            await self._member.submit_spec(job_id, spec_of(job_id))
            logger.info("renter.handed_in", job=job, renter=who)
        except ApiRefused as error:
            self._refused.add(job_id)
            logger.warning("renter.spec_refused", job=job, renter=who, reason=str(error))
