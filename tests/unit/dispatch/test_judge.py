"""Which reports are believed: a table of cases."""

import pytest

from dispatch.job_values import Answered, Dispatched, Report, Said
from dispatch.judge import Accepted, Refusal, Refused, judge

PROVIDER, STRANGER = b"\1" * 20, b"\2" * 20
ATTEMPTS = {"one": 1, "two": 2}


def report(said: Said, *, token: str | None = "two", sender: bytes | None = PROVIDER) -> Report:
    """Return a report, by default from the provider in answer to its newest attempt."""
    return Report(job_id=bytes(32), said=said, sender=sender, token=token)


def job(
    answered: tuple[int, Said] | None = None,
    *,
    attempts: dict[str, int] | None = None,
    is_over: bool = False,
    over_through: int = 0,
) -> Dispatched:
    """Return a job of the provider, handed out twice unless told otherwise."""
    newest = None if answered is None else Answered(attempt=answered[0], said=answered[1])
    handed_out = ATTEMPTS if attempts is None else attempts
    return Dispatched(
        provider=PROVIDER, attempts=handed_out, answered=newest, is_over=is_over, over_through=over_through
    )


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (None, Said.PROCESSING),
        (None, Said.COMPLETED),
        (None, Said.FAILED),
        ((2, Said.PROCESSING), Said.COMPLETED),
        ((2, Said.PROCESSING), Said.FAILED),
        ((1, Said.PROCESSING), Said.COMPLETED),
    ],
)
def test_a_job_moves_forward(before: tuple[int, Said] | None, said: Said) -> None:
    assert Accepted(attempt=2) == judge(report(said), job(before), insecure=False)


@pytest.mark.parametrize("sender", [PROVIDER, None])
def test_a_token_is_what_counts_where_the_subject_is_shared(sender: bytes | None) -> None:
    assert Accepted(attempt=2) == judge(report(Said.FAILED, sender=sender), job(), insecure=False)


def test_an_earlier_attempt_may_be_answered_while_no_later_one_was() -> None:
    """Whoever was away takes the oldest message first; it went to the same provider."""
    assert Accepted(attempt=1) == judge(report(Said.PROCESSING, token="one"), job(), insecure=False)


def test_an_attempt_for_a_retry_is_answered_like_a_first_one() -> None:
    """What was said before it counts no more."""
    assert Accepted(attempt=2) == judge(report(Said.PROCESSING), job(over_through=1), insecure=False)


def test_without_a_token_an_answer_waits_for_the_attempt_of_the_retry() -> None:
    """Nobody can say which run it is about."""
    stale = judge(report(Said.COMPLETED, token=None), job(over_through=2), insecure=True)

    assert Refused(reason=Refusal.STALE) == stale


def test_an_agent_that_says_again_that_it_runs_the_job_may_still_finish_what_it_began() -> None:
    """A sign-in repeated the job while it ran: that a later attempt runs too is no news, and makes no other stale."""
    running = job((1, Said.PROCESSING))

    assert Refused(reason=Refusal.REPEATED) == judge(report(Said.PROCESSING, token="two"), running, insecure=False)
    assert Accepted(attempt=1) == judge(report(Said.COMPLETED, token="one"), running, insecure=False)


@pytest.mark.parametrize(
    ("said", "token", "sender", "known", "reason"),
    [
        (Said.COMPLETED, "two", PROVIDER, None, Refusal.UNKNOWN_JOB),
        (Said.COMPLETED, "two", STRANGER, job(), Refusal.NOT_ITS_PROVIDER),
        (Said.COMPLETED, "two", PROVIDER, job(attempts={}), Refusal.NOT_DISPATCHED),
        (Said.COMPLETED, None, PROVIDER, job(), Refusal.NO_TOKEN),
        (Said.COMPLETED, "guess", PROVIDER, job(), Refusal.WRONG_TOKEN),
        (Said.COMPLETED, "one", PROVIDER, job((2, Said.PROCESSING)), Refusal.STALE),
        (Said.PROCESSING, "two", PROVIDER, job((2, Said.PROCESSING)), Refusal.REPEATED),
        (Said.COMPLETED, "two", PROVIDER, job((2, Said.COMPLETED)), Refusal.REPEATED),
        (Said.PROCESSING, "two", PROVIDER, job((2, Said.COMPLETED)), Refusal.BACKWARDS),
        (Said.FAILED, "two", PROVIDER, job((2, Said.COMPLETED)), Refusal.BACKWARDS),
        (Said.COMPLETED, "two", PROVIDER, job((2, Said.FAILED)), Refusal.BACKWARDS),
        (Said.COMPLETED, "two", PROVIDER, job(is_over=True), Refusal.LATE),
        (Said.COMPLETED, "one", PROVIDER, job(over_through=1), Refusal.STALE),
        (Said.FAILED, "two", PROVIDER, job(over_through=2), Refusal.STALE),
        (Said.COMPLETED, "two", PROVIDER, job(is_over=True, over_through=2), Refusal.LATE),
    ],
)
def test_everything_else_is_refused_with_its_reason(
    said: Said, token: str | None, sender: bytes | None, known: Dispatched | None, reason: Refusal
) -> None:
    assert Refused(reason=reason) == judge(report(said, token=token, sender=sender), known, insecure=False)


def test_only_an_insecure_reactor_believes_without_a_token() -> None:
    """It takes the report for an answer to the newest attempt; a wrong token stays wrong, a stranger a stranger."""
    bare = report(Said.COMPLETED, token=None, sender=None)

    assert Accepted(attempt=2) == judge(bare, job(), insecure=True)
    assert Refused(reason=Refusal.WRONG_TOKEN) == judge(report(Said.FAILED, token="x"), job(), insecure=True)
    assert Refused(reason=Refusal.NOT_ITS_PROVIDER) == judge(
        report(Said.FAILED, token=None, sender=STRANGER), job(), insecure=True
    )
