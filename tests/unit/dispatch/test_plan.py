"""With which attempt a job is handed out."""

from dispatch import plan
from dispatch.job_values import Attempt, Waiting
from tests.unit.dispatch.test_verify import CLAIM


def waiting(*, attempts: int) -> Waiting:
    """Return a job that is due."""
    return Waiting(claim=CLAIM, provider=b"\5" * 20, attempts=attempts)


def test_each_job_gets_its_next_attempt_with_a_token_of_its_own() -> None:
    decided = plan.attempts([waiting(attempts=0), waiting(attempts=4)], ["first token", "second token"])

    assert decided == [
        Attempt(job_id=CLAIM.job_id, number=1, provider=b"\5" * 20, token="first token"),
        Attempt(job_id=CLAIM.job_id, number=5, provider=b"\5" * 20, token="second token"),
    ]
