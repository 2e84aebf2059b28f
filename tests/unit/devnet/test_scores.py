"""Confirmed jobs are counted as everybody else counts them."""

import pytest

from chain.wire import RawLog
from devnet.scores import Score, count_confirmed
from models.values import ZERO_ADDRESS, show_bytes
from tests.unit.chain.logs import encoded

RENTER, ALICE, BOB = (bytes([number]) * 20 for number in (1, 2, 3))


def created(job: int, provider: bytes) -> RawLog:
    """Make the log of a new job."""
    return encoded("JobCreated", job.to_bytes(32), show_bytes(RENTER), show_bytes(provider), 10)


def confirmed(job: int) -> RawLog:
    """Make the log of a confirmation."""
    return encoded("JobConfirmed", job.to_bytes(32), 1_700_000_000)


def test_each_confirmation_counts_for_the_jobs_provider() -> None:
    logs = [created(1, ALICE), created(2, BOB), created(3, ALICE), confirmed(3), confirmed(1)]

    assert count_confirmed(logs) == {ALICE: 2, BOB: 0}


def test_the_first_job_with_an_id_is_the_one() -> None:
    assert count_confirmed([created(1, ALICE), created(1, BOB), confirmed(1)]) == {ALICE: 1}


def test_nobodys_job_is_nobodys_credit() -> None:
    assert count_confirmed([created(1, ZERO_ADDRESS), confirmed(1), confirmed(9)]) == {}


@pytest.mark.parametrize(
    ("counts", "agrees"), [((3, 3, 3), True), ((3, 2, 2), False), ((3, 3, 2), False), ((0, 0, None), False)]
)
def test_a_score_agrees_when_all_three_counts_are_one(counts: tuple[int, int, int | None], agrees: bool) -> None:
    made = Score(provider=ALICE, confirmed=counts[0], credited=counts[1], shown=counts[2])

    assert made.agrees is agrees
