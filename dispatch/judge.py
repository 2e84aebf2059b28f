"""
Decide whether a report is believed.

Only the provider of a job may speak of it, only in answer to an attempt of ours, and only forward:

    nothing ─► processing ─► completed
          └──────┴─────────► failed

An attempt is stale once a later one has been answered. Until then each of them is good: all went to the same provider,
and whoever was away takes the oldest first. That a job runs is said once: an agent that gets a job again while it runs
it, and says so, may finish in answer to whichever attempt it likes.

A retry of a failed job begins anew: all attempts before it are stale from the moment it is asked for.
"""

from dataclasses import dataclass
from enum import StrEnum

from dispatch.job_values import Answered, Dispatched, Report, Said


class Refusal(StrEnum):
    """Why a report changes nothing."""

    OVERSIZED = "oversized"
    UNREADABLE = "unreadable"
    UNKNOWN_JOB = "unknown job"
    NOT_ITS_PROVIDER = "not from the job's provider"
    NOT_DISPATCHED = "job was never dispatched"
    NO_TOKEN = "no token"
    WRONG_TOKEN = "token of no attempt"
    STALE = "token of an attempt older than one already answered, or than a retry"
    REPEATED = "said before"
    BACKWARDS = "the agent has reported an outcome already"
    LATE = "the chain has settled the job already"
    FLOOD = "its sender was refused too often"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The report is believed as an answer to this attempt."""

    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The report changes nothing."""

    reason: Refusal


Judgement = Accepted | Refused


def judge(report: Report, job: Dispatched | None, *, insecure: bool) -> Judgement:
    """Judge a report by what we know of its job; when `insecure`, one without a token answers the newest attempt."""
    if job is None:
        return Refused(reason=Refusal.UNKNOWN_JOB)
    if report.sender is not None and report.sender != job.provider:
        return Refused(reason=Refusal.NOT_ITS_PROVIDER)
    if not job.attempts:
        return Refused(reason=Refusal.NOT_DISPATCHED)
    if report.token is None and not insecure:
        return Refused(reason=Refusal.NO_TOKEN)
    attempt = max(job.attempts.values()) if report.token is None else job.attempts.get(report.token)
    if attempt is None:
        return Refused(reason=Refusal.WRONG_TOKEN)
    if job.is_over:
        return Refused(reason=Refusal.LATE)
    if attempt <= job.over_through:
        return Refused(reason=Refusal.STALE)
    refusal = _against_the_order(report.said, attempt, job.answered)
    return Refused(reason=refusal) if refusal else Accepted(attempt=attempt)


def _against_the_order(said: Said, attempt: int, answered: Answered | None) -> Refusal | None:
    if answered is None:
        return None
    if attempt < answered.attempt:
        return Refusal.STALE
    if said is answered.said:
        return Refusal.REPEATED
    return None if answered.said is Said.PROCESSING else Refusal.BACKWARDS
