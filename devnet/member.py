"""
One wallet at the API: one function for each operation that renters and agents need.

Signing in is done when it is first needed, and again when the session has ended.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from eth_account import Account

from devnet.api_client import Api, SignedOut
from devnet.sign_in import SignIn, sign
from devnet.specs import Spec
from models.values import JobStatus, checksum_address, parse_address, parse_bytes32, show_bytes

Answer = TypeVar("Answer")

JOBS_AT_ONCE = 100

NONCE = "mutation { signInNonce }"
SIGN_IN = """
mutation ($message: String!, $signature: String!) { signIn(message: $message, signature: $signature) { token } }
"""
SUBMIT_SPEC = """
mutation ($jobId: Bytes32!, $spec: JobSpecInput!) { submitJobSpec(jobId: $jobId, spec: $spec) { submittedAt } }
"""
CREDENTIAL = "mutation { agentCredential { url token expiresAt dispatchSubject statusSubject } }"
STATUS = "query ($jobId: Bytes32!) { job(jobId: $jobId) { status } }"
MY_JOBS = """
query ($renter: Address!, $first: Int!) {
  created: jobs(filter: {renter: $renter, status: CREATED}, first: $first) { nodes { jobId hasSpec } }
  finished: jobs(filter: {renter: $renter, status: COMPLETED, escrow: HELD}, first: $first) { nodes { jobId } }
}
"""


class Credential(msgspec.Struct, frozen=True, rename="camel"):
    """What an agent connects to NATS with, and the subjects it has there."""

    url: str
    token: str
    expires_at: datetime
    dispatch_subject: str
    status_subject: str


class RenterJobs(msgspec.Struct, frozen=True):
    """What waits for a renter: jobs that want a spec, and jobs reported completed and not confirmed."""

    without_spec: tuple[bytes, ...]
    finished: frozenset[bytes]


class Member:
    """A wallet that signs in by itself."""

    def __init__(self, api: Api, private_key: bytes, *, chain_id: int) -> None:
        self.address = parse_address(Account.from_key(private_key).address)
        self._api = api
        self._private_key = private_key
        self._chain_id = chain_id
        self._signing_in = asyncio.Lock()
        self._token: str | None = None

    async def submit_spec(self, job_id: bytes, spec: Spec) -> None:
        """Hand in what to run for a job, before or after the job is on chain."""
        values = {
            "dockerImage": spec.docker_image,
            "inputUrl": spec.input_url,
            "outputBucket": spec.output_bucket,
            "outputName": spec.output_name,
            "minVramMib": spec.min_vram_mib,
        }
        await self._ask(SUBMIT_SPEC, dict[str, Any], jobId=show_bytes(job_id), spec=values)

    async def renter_jobs(self) -> RenterJobs:
        """Return what waits for this wallet as a renter, so many jobs at a time."""
        found = await self._ask(MY_JOBS, _MyJobs, renter=checksum_address(self.address), first=JOBS_AT_ONCE)
        return RenterJobs(
            without_spec=tuple(parse_bytes32(job.job_id) for job in found.created.nodes if not job.has_spec),
            finished=frozenset(parse_bytes32(job.job_id) for job in found.finished.nodes),
        )

    async def job_status(self, job_id: bytes) -> JobStatus | None:
        """Return where a job stands, or None for one that the API has not seen."""
        job = (await self._ask(STATUS, _Found, jobId=show_bytes(job_id))).job
        return job.status if job else None

    async def agent_credential(self) -> Credential:
        """Return a new credential for this wallet's agent."""
        return (await self._ask(CREDENTIAL, _Issued)).agent_credential

    async def _ask(self, document: str, answer: type[Answer], **variables: Any) -> Answer:
        """Ask as the one who is signed in; sign in where that is not so yet, or no longer."""
        token = self._token or await self._sign_in(instead_of=None)
        try:
            return await self._api.ask(document, answer, token=token, **variables)
        except SignedOut:
            token = await self._sign_in(instead_of=token)
            return await self._api.ask(document, answer, token=token, **variables)

    async def _sign_in(self, *, instead_of: str | None) -> str:
        """Return the token of a session that is not the one that has ended."""
        async with self._signing_in:
            if self._token is None or self._token == instead_of:
                self._token = await self._new_session()
            return self._token

    async def _new_session(self) -> str:
        asked = await self._api.ask(NONCE, _Nonce)
        attempt = SignIn(
            url=self._api.url,
            address=self.address,
            chain_id=self._chain_id,
            nonce=asked.sign_in_nonce,
            issued_at=datetime.now(UTC),
        )
        signature = sign(attempt.text, self._private_key)
        return (await self._api.ask(SIGN_IN, _SignedIn, message=attempt.text, signature=signature)).sign_in.token


class _Nonce(msgspec.Struct, frozen=True, rename="camel"):
    sign_in_nonce: str


class _Session(msgspec.Struct, frozen=True):
    token: str


class _SignedIn(msgspec.Struct, frozen=True, rename="camel"):
    sign_in: _Session


class _Issued(msgspec.Struct, frozen=True, rename="camel"):
    agent_credential: Credential


class _Job(msgspec.Struct, frozen=True, rename="camel"):
    job_id: str
    has_spec: bool = True


class _Jobs(msgspec.Struct, frozen=True):
    nodes: tuple[_Job, ...]


class _MyJobs(msgspec.Struct, frozen=True):
    created: _Jobs
    finished: _Jobs


class _Stand(msgspec.Struct, frozen=True):
    status: JobStatus


class _Found(msgspec.Struct, frozen=True):
    job: _Stand | None
