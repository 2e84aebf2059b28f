"""
Read what an agent is sent, and write what it reports, in the published shapes.

    jobs.dispatch.<EIP-55>    {jobId, token, attempt, retry, provider, dockerImage, …}
    agents.<EIP-55>.status    {jobId, token, status: processing|completed|failed, message?, outputUrl?, timestamp}

Running a job and talking to NATS is left to others.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from models.values import NotAnAddress, parse_address, parse_bytes32, show_bytes


class NotForUs(ValueError):
    """The message is no job, or somebody else's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """
    One attempt to hand a job to its provider's agent; `token` is shown with each report on it.

    A greater `retry` than that of the last run means that a person wants the job to be run once more.
    """

    job_id: bytes
    token: str
    attempt: int
    docker_image: str
    output_url: str
    input_url: str = ""
    output_bucket: str = ""
    output_name: str = ""
    retry: int = 0


class Said(StrEnum):
    """What an agent says of a job."""

    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended: with output somewhere, or with a message that says what went wrong."""

    said: Said
    message: str | None = None
    output_url: str | None = None


PROCESSING = Outcome(said=Said.PROCESSING)


class _Dispatch(msgspec.Struct, frozen=True, rename="camel"):
    job_id: str
    token: str
    docker_image: str
    greenfield_input_url: str
    greenfield_output_bucket: str
    greenfield_output_name: str
    provider: str
    attempt: int
    retry: int = 0


class _Report(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    job_id: str
    token: str
    status: Said
    timestamp: int
    message: str | None = None
    output_url: str | None = None


def read(payload: bytes, *, provider: bytes) -> Assignment:
    """Return the job in a message to a provider's agent. Raises `NotForUs`."""
    try:
        message = msgspec.json.decode(payload, type=_Dispatch)
        addressee, job_id = parse_address(message.provider), parse_bytes32(message.job_id)
    except (msgspec.DecodeError, NotAnAddress, ValueError) as error:
        raise NotForUs(f"no job: {error}") from error
    if addressee != provider:
        # Whoever may pull messages can aim them at others; the body says whose they are.
        raise NotForUs(f"a job of provider {message.provider}")
    return Assignment(
        job_id=job_id,
        token=message.token,
        attempt=message.attempt,
        docker_image=message.docker_image,
        output_url=_place(message.greenfield_output_bucket, message.greenfield_output_name),
        input_url=message.greenfield_input_url,
        output_bucket=message.greenfield_output_bucket,
        output_name=message.greenfield_output_name,
        retry=message.retry,
    )


def report(assignment: Assignment, outcome: Outcome, *, at: datetime) -> bytes:
    """Return what an agent says of a job."""
    return msgspec.json.encode(
        _Report(
            job_id=show_bytes(assignment.job_id),
            token=assignment.token,
            status=outcome.said,
            timestamp=int(at.timestamp()),
            message=outcome.message,
            output_url=outcome.output_url or None,
        )
    )


def _place(bucket: str, name: str) -> str:
    return f"gnfd://{bucket}/{name}" if bucket or name else ""
