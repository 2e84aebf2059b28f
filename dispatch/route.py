"""
Decide which message goes to which subject, and what an agent may do on the bus.

Subjects are case-sensitive, so an address stands in them in its EIP-55 form only. A message has the keys that are
published for it and the older ones that agents in the field read, all of them present.
"""

import json
from dataclasses import dataclass

from dispatch.job_values import Attempt, Message, Spec
from models.values import checksum_address, show_bytes

JOBS_STREAM = "JOBS"
JOBS_SUBJECTS = "jobs.dispatch.>"

REPORTS_STREAM = "REPORTS"
OWN_REPORTS = "agents.*.status"
SHARED_REPORTS = ("jobs.status.updates", "agent.status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """The subjects that a connection may publish to and subscribe to; all others are closed to it."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def dispatch_subject(provider: bytes) -> str:
    """Return the subject on which a provider's agent gets its jobs."""
    return f"jobs.dispatch.{checksum_address(provider)}"


def consumer_name(provider: bytes) -> str:
    """Return the name of the durable consumer that keeps a provider's jobs while its agent is away."""
    return checksum_address(provider)


def permissions(provider: bytes) -> Permissions:
    """Return what the agent of a provider may do: take its own jobs and report on them."""
    address, consumer = checksum_address(provider), consumer_name(provider)
    return Permissions(
        publish=(
            f"agents.{address}.status",
            *SHARED_REPORTS,
            f"$JS.API.CONSUMER.MSG.NEXT.{JOBS_STREAM}.{consumer}",
            f"$JS.ACK.{JOBS_STREAM}.{consumer}.>",
        ),
        subscribe=(dispatch_subject(provider), f"_INBOX_{address}.>"),
    )


def message(attempt: Attempt, spec: Spec) -> Message:
    """Return the message of an attempt; the same attempt always has the same message id."""
    job_id, address = show_bytes(attempt.job_id), checksum_address(attempt.provider)
    image, source = spec.docker_image, spec.input_url or ""
    bucket, name = spec.output_bucket or "", spec.output_name or ""
    body = {
        "jobId": job_id,
        "dockerImage": image,
        "greenfieldInputUrl": source,
        "greenfieldOutputBucket": bucket,
        "greenfieldOutputName": name,
        "job_id": job_id,
        "image_name": image,
        "input_path": source,
        "output_path": "/".join(part for part in (bucket, name) if part),
        # An agent that finds another address here than its own must not run the job.
        "provider": address,
        "attempt": attempt.number,
        # Greater than what the agent knows of the job: run it once more.
        "retry": attempt.retry,
        "token": attempt.token,
    }
    return Message(
        subject=dispatch_subject(attempt.provider),
        # With the token: after a restore of the database another attempt has the number of one that was stored.
        message_id=f"{attempt.job_id.hex()}:{attempt.number}:{attempt.token}",
        payload=json.dumps(body, ensure_ascii=False).encode("utf-8", errors="replace"),
    )
