"""
Decide when a job is handed out again.

An attempt is repeated while its agent says nothing, after a pause that doubles from half a minute to half an hour, and
at once when the agent signs in again or somebody asks for a retry, which also opens a job that has failed. It is never
given up: the renter's money is held as long as the job is open. An agent that comes and goes gets no more attempts for
it than `URGENT_PER_HOUR_MAX`.
"""

from collections.abc import Iterable
from datetime import timedelta

from dispatch.job_values import Attempt, Waiting

PAUSES = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 240, 480, 960, 1800))
"""The pause after the first attempt, the second, …; the last one goes on."""

RUNNING_PAUSE = timedelta(hours=1)
"""The pause after an agent's word that it runs a job, and after each attempt then: its last word may be lost."""

URGENT_PAUSE = timedelta(seconds=30)
"""How long after an attempt the next one is due at the earliest, whoever signs in or asks."""

URGENT_PER_HOUR_MAX = 10
"""How many attempts a job may have had within the last hour for another one to be due before its pause is over."""


def attempts(waiting: Iterable[Waiting], tokens: Iterable[str]) -> list[Attempt]:
    """Return the next attempt for each job that waits, each with a token of its own."""
    return [
        Attempt(job_id=job.job_id, number=job.attempts + 1, provider=job.provider, token=token)
        for job, token in zip(waiting, tokens, strict=False)
    ]
