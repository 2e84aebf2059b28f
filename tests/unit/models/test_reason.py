"""Why a job stands where it stands: one sentence for each case, naming who can do something about it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.credit_values import CreditStatus
from models.reason import (
    AgentFacts,
    DispatchFacts,
    JobFacts,
    ProviderFacts,
    Trouble,
    explain,
    is_stalled,
    reason,
)
from models.values import EscrowStatus, JobStatus

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ONLINE = ProviderFacts(is_online=True, last_seen=NOON)
OFFLINE = ProviderFacts(is_online=False, last_seen=NOON)
SENT = DispatchFacts(attempts=1, first_sent_at=NOON, last_sent_at=NOON, acknowledged_at=None)
DECIDED = DispatchFacts(attempts=1, first_sent_at=None, last_sent_at=None, acknowledged_at=None)
CREATED = JobFacts(
    status=JobStatus.CREATED,
    escrow=EscrowStatus.HELD,
    has_spec=True,
    is_assigned=True,
    is_final=True,
    created_at=NOON,
    started_at=None,
    error=None,
    provider=ONLINE,
    dispatch=None,
    credit=None,
)
ASSIGNED = replace(CREATED, status=JobStatus.ASSIGNED, dispatch=SENT)
RUNNING = replace(ASSIGNED, status=JobStatus.RUNNING, started_at=NOON)
COMPLETED = replace(RUNNING, status=JobStatus.COMPLETED)
FAILED = replace(RUNNING, status=JobStatus.FAILED)
CONFIRMED = replace(COMPLETED, escrow=EscrowStatus.CONFIRMED)
CLAIMED = replace(COMPLETED, escrow=EscrowStatus.CLAIMED)

REASONS = [
    (replace(CREATED, has_spec=False), "waiting for its spec: the renter has not said yet what to run"),
    (replace(CREATED, has_spec=False, is_final=False), "waiting for its spec: the renter has not said yet what to run"),
    (replace(CREATED, is_final=False), "waiting for finality: its transaction can still be undone"),
    (CREATED, "waiting to be sent to the provider's agent"),
    (replace(CREATED, dispatch=DECIDED), "waiting to be sent to the provider's agent"),
    (
        replace(CREATED, is_assigned=False, provider=None),
        "assigned to nobody: the job names the zero address as its provider, so nobody can run it",
    ),
    (ASSIGNED, "waiting for the agent: sent once, last at 2026-01-01 12:00:00 UTC"),
    (
        replace(ASSIGNED, provider=OFFLINE),
        "provider offline since 2026-01-01 12:00:00 UTC: sent once, last at 2026-01-01 12:00:00 UTC",
    ),
    (
        replace(ASSIGNED, provider=None),
        "the provider has never been online: sent once, last at 2026-01-01 12:00:00 UTC",
    ),
    (RUNNING, "running since 2026-01-01 12:00:00 UTC"),
    (
        replace(RUNNING, provider=OFFLINE),
        "provider offline since 2026-01-01 12:00:00 UTC: it was running the job",
    ),
    (COMPLETED, "done, says the agent: waiting for the renter to confirm the result"),
    (replace(FAILED, error="no such image"), "the agent reported that it failed: no such image"),
    (FAILED, "the agent reported that it failed"),
    (CONFIRMED, "confirmed: waiting for the provider to claim its payment"),
    (CLAIMED, "paid: waiting for the confirmation to be final before the provider is credited"),
    (replace(CLAIMED, credit=CreditStatus.SENT), "paid: waiting for the provider's credit to be mined on opBNB"),
    (replace(CLAIMED, credit=CreditStatus.FINAL), None),
    (replace(CLAIMED, credit=CreditStatus.ADOPTED), None),
    (replace(CLAIMED, is_assigned=False, provider=None), None),
]


@pytest.mark.parametrize(("facts", "expected"), REASONS)
def test_the_reason_of_a_job(facts: JobFacts, expected: str | None) -> None:
    assert reason(facts, NOON) == expected


SENT_ONCE = "sent once, last at 2026-01-01 12:00:00 UTC"
LATER = NOON + timedelta(days=1)
TROUBLES = [
    (Trouble.NO_SPEC, replace(CREATED, has_spec=False),
        "waiting for its spec: the renter has not said yet what to run, and has paid at 2026-01-01 12:00:00 UTC"),
    (Trouble.OFFLINE, replace(ASSIGNED, provider=OFFLINE),
        f"provider offline since 2026-01-01 12:00:00 UTC: {SENT_ONCE}"),
    (Trouble.BARRED, replace(ASSIGNED, agent=AgentFacts(signed_in_at=NOON, is_barred=True)),
        f"the agent's login is barred: {SENT_ONCE}"),
    (
        Trouble.BARRED,
        replace(
            ASSIGNED,
            agent=AgentFacts(signed_in_at=NOON, is_barred=True, barred_until=NOON, barred_reason="it floods us"),
        ),
        f"the agent's login is barred until 2026-01-01 12:00:00 UTC (it floods us): {SENT_ONCE}",
    ),
    (Trouble.STALLED, ASSIGNED,
        f"stalled: the provider is online, but its agent has never signed in: {SENT_ONCE}"),
    (Trouble.STALLED, replace(ASSIGNED, dispatch=replace(SENT, attempts=3), agent=AgentFacts(signed_in_at=NOON)),
        "stalled: the provider is online, but its agent does not answer: "
        "sent 3 times, last at 2026-01-01 12:00:00 UTC"),
    (Trouble.SILENT, RUNNING,
        "silent: running since 2026-01-01 12:00:00 UTC, and its agent has not said a word since"),
    (Trouble.OFFLINE, replace(RUNNING, provider=OFFLINE),
        "provider offline since 2026-01-01 12:00:00 UTC: it was running the job"),
]  # fmt: skip


@pytest.mark.parametrize(("trouble", "facts", "text"), TROUBLES)
def test_what_ought_to_have_come_is_trouble(trouble: Trouble, facts: JobFacts, text: str) -> None:
    """Each says who can do something about it."""
    explained = explain(facts, LATER)

    assert (trouble, text) == (explained.trouble, explained.text)


def test_what_every_job_waits_for_is_no_trouble() -> None:
    ordinary = [CREATED, replace(CREATED, has_spec=False), replace(CREATED, is_final=False), ASSIGNED, RUNNING]

    assert [explain(facts, NOON + timedelta(seconds=119)).trouble for facts in ordinary] == [None] * 5


@pytest.mark.parametrize(
    ("dispatch", "stalled"),
    [(SENT, True), (DECIDED, False), (replace(SENT, acknowledged_at=NOON), False)],
)
def test_a_dispatch_is_stalled_two_minutes_after_the_last_attempt(dispatch: DispatchFacts, *, stalled: bool) -> None:
    """Unless the agent has answered."""
    assert is_stalled(dispatch, NOON + timedelta(minutes=2)) is stalled
    assert not is_stalled(dispatch, NOON + timedelta(seconds=119))


def test_every_status_and_credit_has_a_reason_or_is_done() -> None:
    """No combination is left without words, however odd."""
    for status in JobStatus:
        for escrow in EscrowStatus:
            for credit in [None, *CreditStatus]:
                facts = replace(ASSIGNED, status=status, escrow=escrow, credit=credit)
                is_done = escrow is EscrowStatus.CLAIMED and credit in (CreditStatus.FINAL, CreditStatus.ADOPTED)
                assert (reason(facts, NOON) is None) is is_done
