"""What a retry of a job comes to."""

from dataclasses import replace

import pytest

from models.retry_values import HandOut, JobStanding, Refusal, RunAgain, retry
from models.values import EscrowStatus, JobStatus

OPEN = JobStanding(status=JobStatus.RUNNING, escrow=EscrowStatus.HELD, has_spec=True, is_assigned=True)
FAILED = replace(OPEN, status=JobStatus.FAILED)


@pytest.mark.parametrize("status", [JobStatus.CREATED, JobStatus.ASSIGNED, JobStatus.RUNNING])
def test_an_open_job_is_handed_out_again(status: JobStatus) -> None:
    assert HandOut() == retry(replace(OPEN, status=status))


def test_a_failed_job_is_run_once_more() -> None:
    assert RunAgain() == retry(FAILED)


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (None, "is not in the database"),
        (replace(OPEN, status=JobStatus.COMPLETED), "its agent has delivered a result"),
        (replace(OPEN, status=JobStatus.COMPLETED, escrow=EscrowStatus.CONFIRMED), "its renter has confirmed"),
        (replace(OPEN, status=JobStatus.COMPLETED, escrow=EscrowStatus.CLAIMED), "its renter has confirmed"),
        (replace(OPEN, is_assigned=False), "names the zero address as its provider"),
        (replace(OPEN, has_spec=False), "has no spec"),
        (replace(FAILED, has_spec=False), "has no spec"),
        (replace(OPEN, status=JobStatus.CANCELLED), "is CANCELLED"),
    ],
)
def test_everything_else_is_refused_with_its_reason(job: JobStanding | None, words: str) -> None:
    refused = retry(job)

    assert isinstance(refused, Refusal)
    assert words in refused.reason
