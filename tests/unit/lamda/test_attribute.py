"""Which causes `lamda explain` names for where a job stands, and which it leaves out."""

from dataclasses import replace

import pytest

from lamda.attribute import causes, causes_of_absence
from lamda.cause_values import CopySeen, JobSeen, RefusalSeen, SignerSeen, Surroundings
from models.credit_values import CreditStatus
from models.values import EscrowStatus, JobStatus

COPY = CopySeen(chain="bsc", indexed=1_000, head=1_002, finalized=998, final_through=998, lag_seconds=1)
OPBNB = replace(COPY, chain="opbnb", finalized=800, final_through=800)
AROUND = Surroundings(bsc=COPY, opbnb=OPBNB, signers=(SignerSeen(word="SIGNS", reason=""),))
OPEN = JobSeen(status=JobStatus.CREATED, escrow=EscrowStatus.HELD, block=900, is_assigned=True, has_spec=True, sent=0)
RUNNING = replace(OPEN, status=JobStatus.RUNNING, sent=1)
PAID = replace(RUNNING, status=JobStatus.COMPLETED, escrow=EscrowStatus.CLAIMED, confirmed_block=950)


def said(job: JobSeen, around: Surroundings = AROUND) -> str:
    """Return all causes and remedies as one text."""
    return "\n".join(f"{cause.text} → {cause.remedy}" for cause in causes(job, around))


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (replace(OPEN, has_spec=False), "no spec of this job's renter is here"),
        (replace(OPEN, block=999), "its creation is in block 999, and bsc is final through 998"),
        (OPEN, "nothing has sent it → is `lamda react` running?"),
        (replace(OPEN, is_assigned=False), "it names nobody"),
        (replace(OPEN, status=JobStatus.ASSIGNED, sent=3), "sent again by itself"),
        (replace(OPEN, status=JobStatus.FAILED, sent=1), "`lamda retry JOB`"),
        (replace(OPEN, status=JobStatus.COMPLETED, sent=1), "the renter calls confirmResult"),
        (replace(PAID, escrow=EscrowStatus.CONFIRMED), "the provider calls claimReward"),
        (replace(PAID, confirmed_block=999), "its confirmation is in block 999"),
        (replace(PAID, credit=CreditStatus.SENT, transaction="0xab"), "its transaction 0xab is with opBNB's endpoints"),
        (replace(PAID, credit=CreditStatus.MINED), "final when 202 more have come"),
        (replace(PAID, credit=CreditStatus.BLOCKED, credit_said="Nope()"), "refuses to credit this provider: Nope()"),
    ],
)
def test_what_a_job_waits_for_is_told(job: JobSeen, words: str) -> None:
    """With who can do something about it."""
    assert words in said(job)


@pytest.mark.parametrize("job", [RUNNING, replace(PAID, credit=CreditStatus.FINAL), replace(PAID, is_assigned=False)])
def test_no_cause_is_made_up(job: JobSeen) -> None:
    """A job that runs, or that is done, waits for nothing around it."""
    assert causes(job, AROUND) == []


@pytest.mark.parametrize(
    ("word", "reason", "remedy"),
    [("HALTED", "a stranger", "adopt"), ("PAUSED", "fees", "credits resume"), ("SILENT", "1 h", "lamda react")],
)
def test_the_signer_is_a_cause_of_a_credit_that_waits(word: str, reason: str, remedy: str) -> None:
    """Not of one that is mined already."""
    around = replace(AROUND, signers=(SignerSeen(word=word, reason=reason),))

    assert reason in said(replace(PAID, credit=CreditStatus.WAITING), around)
    assert remedy in said(replace(PAID, credit=CreditStatus.WAITING), around)
    assert reason not in said(replace(PAID, credit=CreditStatus.MINED), around)


@pytest.mark.parametrize(("word", "is_told"), [("WAITS", True), ("HALTED", True), ("PAUSED", False), ("PAST", False)])
def test_the_signer_is_a_cause_of_a_credit_that_is_sent_unless_it_is_paused(word: str, is_told: bool) -> None:
    """What is signed goes on through a pause; not where gas is too dear, or nobody sends it again."""
    around = replace(AROUND, signers=(SignerSeen(word=word, reason="gas costs too much"),))

    assert is_told == ("gas costs too much" in said(replace(PAID, credit=CreditStatus.SENT), around))


def test_a_reactor_that_never_was_is_told() -> None:
    assert "no reactor has ever signed" in said(PAID, replace(AROUND, signers=()))


def test_a_copy_that_is_paused_or_behind_is_a_cause() -> None:
    """What is not read yet may be the answer; at the head it is not."""
    paused = replace(AROUND, bsc=replace(COPY, notes=("paused: a fork",)))
    behind = replace(AROUND, bsc=replace(COPY, head=5_000))

    assert "bsc: paused: a fork; what renter and provider did since is not shown" in said(RUNNING, paused)
    assert "4,000 blocks behind its head" in said(RUNNING, behind)


def test_refused_reports_are_a_cause_while_the_job_is_open() -> None:
    around = replace(AROUND, refusals=(RefusalSeen(reason="token of no attempt", count=12),))

    assert "12 reports of its provider were refused today: token of no attempt" in said(RUNNING, around)
    assert "refused" not in said(replace(PAID, credit=CreditStatus.FINAL), around)


def test_a_job_that_is_not_there_may_be_missing_for_a_reason() -> None:
    """Nothing indexed, or not this far."""
    assert "nothing of bsc is indexed" in causes_of_absence(None)[0].text
    assert "indexed through block 1,000" in causes_of_absence(COPY)[0].text
    assert "not read yet" in causes_of_absence(replace(COPY, head=5_000))[1].text
