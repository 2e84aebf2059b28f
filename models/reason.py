"""
Why a job stands where it stands, for a person.

One sentence from the facts, the same wherever it is shown: what the job waits for, and who can do something about it.
None means that there is nothing left to wait for. Where the job waits for what ought to have come, that is its trouble.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from models.credit_values import CreditStatus
from models.values import EscrowStatus, JobStatus

STALLED_AFTER = timedelta(minutes=2)
"""How long after the first attempt an agent that says nothing is no longer waited for in silence."""

SILENT_AFTER = timedelta(hours=6)
"""How long after its agent began it a job may run without a word. Agents report when they begin and when they end."""

SPEC_MISSED_AFTER = timedelta(hours=1)
"""How long after it was created a job without a spec is no longer waited for in silence."""


class Trouble(StrEnum):
    """What keeps an open job where it is, beyond what every job waits for."""

    NO_SPEC = "no spec"
    OFFLINE = "provider offline"
    BARRED = "agent barred"
    STALLED = "stalled"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a job stands where it stands, and whether that is out of the ordinary."""

    text: str
    trouble: Trouble | None = None


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
class AgentFacts:
    """What the door knows of a provider's agent; one that is barred without an end is so for good."""

    signed_in_at: datetime | None = None
    is_barred: bool = False
    barred_until: datetime | None = None
    barred_reason: str | None = None


UNKNOWN_AGENT = AgentFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What the reason follows from. `provider` is None where opBNB has never seen the one that the job names."""

    status: JobStatus
    escrow: EscrowStatus
    has_spec: bool
    is_assigned: bool
    is_final: bool
    created_at: datetime
    started_at: datetime | None
    error: str | None
    provider: ProviderFacts | None
    dispatch: DispatchFacts | None
    credit: CreditStatus | None
    agent: AgentFacts = UNKNOWN_AGENT


def is_stalled(dispatch: DispatchFacts, now: datetime) -> bool:
    """Say whether an agent has left every attempt unanswered for too long, however lately the last was sent."""
    sent_at = dispatch.first_sent_at
    return dispatch.acknowledged_at is None and sent_at is not None and now >= sent_at + STALLED_AFTER


def reason(job: JobFacts, now: datetime) -> str | None:
    """Return why a job stands where it stands, or None when it is done."""
    if job.escrow is not EscrowStatus.HELD:
        return _after_confirmation(job)
    return explain(job, now).text


def explain(job: JobFacts, now: datetime) -> Reason:
    """Return why a job whose payment is held stands where it stands, and whether it is in trouble."""
    if not job.is_assigned:
        return Reason(text="assigned to nobody: the job names the zero address as its provider, so nobody can run it")
    if job.status is JobStatus.FAILED:
        said = f": {job.error}" if job.error else ""
        return Reason(text=f"the agent reported that it failed{said}")
    if job.status is JobStatus.COMPLETED:
        return Reason(text="done, says the agent: waiting for the renter to confirm the result")
    if job.status is JobStatus.RUNNING:
        return _running(job, now)
    if job.dispatch is None or job.dispatch.last_sent_at is None:
        return _unsent(job, now)
    return _sent(job, job.dispatch, now)


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
    CreditStatus.BLOCKED: "paid: the contract refuses to credit this provider now; it is asked again",
}


def _running(job: JobFacts, now: datetime) -> Reason:
    since = _shown(job.started_at)
    absent = _absent(job, "it was running the job")
    if absent:
        return absent
    if job.started_at is not None and now >= job.started_at + SILENT_AFTER:
        text = f"silent: running since {since}, and its agent has not said a word since"
        return Reason(text=text, trouble=Trouble.SILENT)
    return Reason(text=f"running since {since}")


def _unsent(job: JobFacts, now: datetime) -> Reason:
    if not job.has_spec:
        text = "waiting for its spec: the renter has not said yet what to run"
        if now >= job.created_at + SPEC_MISSED_AFTER:
            return Reason(text=f"{text}, and has paid at {_shown(job.created_at)}", trouble=Trouble.NO_SPEC)
        return Reason(text=text)
    if not job.is_final:
        return Reason(text="waiting for finality: its transaction can still be undone")
    return Reason(text="waiting to be sent to the provider's agent")


def _sent(job: JobFacts, dispatch: DispatchFacts, now: datetime) -> Reason:
    sent = f"sent {_times(dispatch.attempts)}, last at {_shown(dispatch.last_sent_at)}"
    absent = _absent(job, sent)
    if absent:
        return absent
    if not is_stalled(dispatch, now):
        return Reason(text=f"waiting for the agent: {sent}")
    agent = "has never signed in" if job.agent.signed_in_at is None else "does not answer"
    return Reason(text=f"stalled: the provider is online, but its agent {agent}: {sent}", trouble=Trouble.STALLED)


def _absent(job: JobFacts, meanwhile: str) -> Reason | None:
    """Return why nobody can be at work on a job: the provider is away, or its agent may not come in."""
    provider, agent = job.provider, job.agent
    if provider is None or (provider.last_seen is None and not provider.is_online):
        return Reason(text=f"the provider has never been online: {meanwhile}", trouble=Trouble.OFFLINE)
    if not provider.is_online:
        text = f"provider offline since {_shown(provider.last_seen)}: {meanwhile}"
        return Reason(text=text, trouble=Trouble.OFFLINE)
    if agent.is_barred:
        until = "" if agent.barred_until is None else f" until {_shown(agent.barred_until)}"
        why = f" ({agent.barred_reason})" if agent.barred_reason else ""
        return Reason(text=f"the agent's login is barred{until}{why}: {meanwhile}", trouble=Trouble.BARRED)
    return None


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _shown(moment: datetime | None) -> str:
    return "an unknown time" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
