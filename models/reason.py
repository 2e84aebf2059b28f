"""
Why a job stands where it stands, for a person.

One sentence from the facts, the same wherever it is shown: what the job waits for, and who can do something about it.
None means that there is nothing left to wait for.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from models.credit_values import CreditStatus
from models.values import EscrowStatus, JobStatus

STALLED_AFTER = timedelta(minutes=2)
"""How long after the first attempt an agent that says nothing is no longer waited for in silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchFacts:
    """What is known of the attempts to hand a job to its provider's agent; `acknowledged_at` is its first report."""

    attempts: int
    first_sent_at: datetime | None
    last_sent_at: datetime | None
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFacts:
    """Whether a job's provider is there; `last_seen` is its newest heartbeat."""

    is_online: bool
    last_seen: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What the reason follows from. `provider` is None where opBNB has never seen the one that the job names."""

    status: JobStatus
    escrow: EscrowStatus
    has_spec: bool
    is_assigned: bool
    is_final: bool
    started_at: datetime | None
    error: str | None
    provider: ProviderFacts | None
    dispatch: DispatchFacts | None
    credit: CreditStatus | None


def is_stalled(dispatch: DispatchFacts, now: datetime) -> bool:
    """Say whether an agent has left every attempt unanswered for too long, however lately the last was sent."""
    sent_at = dispatch.first_sent_at
    return dispatch.acknowledged_at is None and sent_at is not None and now >= sent_at + STALLED_AFTER


def reason(job: JobFacts, now: datetime) -> str | None:
    """Return why a job stands where it stands, or None when it is done."""
    if job.escrow is not EscrowStatus.HELD:
        return _after_confirmation(job)
    if not job.is_assigned:
        return "assigned to nobody: the job names the zero address as its provider, so nobody can run it"
    if job.status is JobStatus.FAILED:
        return f"the agent reported that it failed: {job.error}" if job.error else "the agent reported that it failed"
    if job.status is JobStatus.COMPLETED:
        return "done, says the agent: waiting for the renter to confirm the result"
    if job.status is JobStatus.RUNNING:
        return _absent(job.provider, "it was running the job") or f"running since {_shown(job.started_at)}"
    return _before_start(job, now)


def _after_confirmation(job: JobFacts) -> str | None:
    if job.escrow is EscrowStatus.CONFIRMED:
        return "confirmed: waiting for the provider to claim its payment"
    return _CREDIT_REASONS.get(job.credit) if job.is_assigned else None


_CREDIT_REASONS: dict[CreditStatus | None, str] = {
    None: "paid: waiting for the confirmation to be final before the provider is credited",
    CreditStatus.WAITING: "paid: waiting for the provider's credit to be sent to opBNB",
    CreditStatus.SIGNED: "paid: the provider's credit is signed and about to be sent to opBNB",
    CreditStatus.SENT: "paid: waiting for the provider's credit to be mined on opBNB",
    CreditStatus.MINED: "paid: waiting for the provider's credit to be final on opBNB",
    CreditStatus.REVERTED: "paid: the transaction with the provider's credit failed, another one is due",
    CreditStatus.BLOCKED: "paid: the provider's credit cannot be given; an admin must look",
}


def _before_start(job: JobFacts, now: datetime) -> str:
    dispatch = job.dispatch
    if dispatch is None or dispatch.last_sent_at is None:
        if not job.has_spec:
            return "waiting for its spec: the renter has not said yet what to run"
        if not job.is_final:
            return "waiting for finality: its transaction can still be undone"
        return "waiting to be sent to the provider's agent"
    sent = f"sent {_times(dispatch.attempts)}, last at {_shown(dispatch.last_sent_at)}"
    absent = _absent(job.provider, sent)
    if absent:
        return absent
    if is_stalled(dispatch, now):
        return f"stalled: the provider is online, but its agent does not answer: {sent}"
    return f"waiting for the agent: {sent}"


def _absent(provider: ProviderFacts | None, meanwhile: str) -> str | None:
    if provider is None or (provider.last_seen is None and not provider.is_online):
        return f"the provider has never been online: {meanwhile}"
    if not provider.is_online:
        return f"provider offline since {_shown(provider.last_seen)}: {meanwhile}"
    return None


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _shown(moment: datetime | None) -> str:
    return "an unknown time" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
