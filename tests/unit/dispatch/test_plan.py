"""When a job is handed out again, and with which attempt."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatch import plan
from dispatch.job_values import Attempt, Waiting
from tests.unit.dispatch.test_verify import CLAIM

DECIDED = datetime(2026, 1, 1, tzinfo=UTC)


def waiting(*, attempts: int) -> Waiting:
    """Return a job that is due."""
    return Waiting(claim=CLAIM, provider=b"\5" * 20, attempts=attempts)


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 30), (2, 60), (3, 120), (4, 240), (5, 480), (6, 960), (7, 1800), (8, 1800), (99, 1800)]
)
def test_pauses_grow_to_half_an_hour_and_never_end(attempt: int, seconds: int) -> None:
    assert DECIDED + timedelta(seconds=seconds) == plan.due_at(attempt, DECIDED)


def test_each_job_gets_its_next_attempt_with_a_token_of_its_own() -> None:
    decided = plan.attempts([waiting(attempts=0), waiting(attempts=4)], ["first token", "second token"])

    assert decided == [
        Attempt(job_id=CLAIM.job_id, number=1, provider=b"\5" * 20, token="first token"),
        Attempt(job_id=CLAIM.job_id, number=5, provider=b"\5" * 20, token="second token"),
    ]
