"""
What a person's wish to have a job handed out again comes to.

    open      ─► handed out again: the agent answers with what it knows
    failed    ─► run once more: the job begins anew, under a number greater than any before
    completed ─► refused: there is a result, which only the renter can accept

The number goes out with every attempt from then on. An agent runs a job again for a greater number than it knows, and
for nothing else: no job is run twice unless a person asked for it.
"""

from dataclasses import dataclass

from models.values import EscrowStatus, JobStatus

OPEN = (JobStatus.CREATED, JobStatus.ASSIGNED, JobStatus.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStanding:
    """What the answer follows from."""

    status: JobStatus
    escrow: EscrowStatus
    has_spec: bool
    is_assigned: bool


@dataclass(frozen=True, slots=True)
class HandOut:
    """The job is open: it is due at once."""


@dataclass(frozen=True, slots=True)
class RunAgain:
    """The job had failed: it is open again, and to be run once more."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The job is not handed out again; the reason says why, as what follows its name."""

    reason: str


def retry(job: JobStanding | None) -> HandOut | RunAgain | Refusal:
    """Return what a retry of a job comes to; None is a job that we do not know."""
    if job is None:
        return Refusal("is not in the database: no JobCreated of it is indexed on BSC")
    if job.escrow is not EscrowStatus.HELD:
        return Refusal(f"is {job.status}: its renter has confirmed the result, it is not run again")
    if job.status is JobStatus.COMPLETED:
        return Refusal("is COMPLETED: its agent has delivered a result, which the renter has yet to confirm")
    if not job.is_assigned:
        return Refusal("names the zero address as its provider: there is nobody to hand it to")
    if not job.has_spec:
        return Refusal("has no spec: its renter must say first what to run (submitJobSpec)")
    if job.status in OPEN:
        return HandOut()
    return RunAgain() if job.status is JobStatus.FAILED else Refusal(f"is {job.status}: it is not run again")
