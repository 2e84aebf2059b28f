"""What `lamda credits` shows: each signer and what it waits for, where credits stand, and what is out of balance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.text import Text

from models.values import checksum_address, show_bytes

WEI = 10**18
SILENT_SECONDS = 60.0
STYLES = {"SIGNS": "green", "HALTED": "bold red", "SILENT": "bold red", "PAST": "dim"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerStatus:
    """
    A signer; `nonces` are those of its account that are accounted for, `balance` is in wei.

    One that `is_past` waits for nothing, and another key has signed since.
    """

    address: bytes
    halted_reason: str | None
    paused_reason: str | None
    waits_for: str | None
    balance: Decimal | None
    adopts: bool
    is_past: bool
    beat_seconds_ago: float
    nonces: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditCounts:
    """How many credits stand where; `oldest_open` is when the oldest was decided that is not final yet."""

    adopted: int
    settled: int
    blocked: int
    under_way: int
    waiting: int
    oldest_open: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedCredit:
    """A credit that the contract refuses."""

    job_id: bytes
    provider: bytes
    reason: str
    refusals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Imbalance:
    """A provider whose final increments on chain are not as many as the credits that our books call given."""

    provider: bytes
    increments: int
    credits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A job that was credited, or at least sent to its provider's agent, and that the chain does not have any more."""

    job_id: bytes
    provider: bytes
    is_credited: bool


def page(
    signers: list[SignerStatus],
    counts: CreditCounts,
    blocked: Sequence[BlockedCredit] = (),
    imbalances: Sequence[Imbalance] = (),
    orphans: Sequence[Orphan] = (),
) -> RenderableType:
    """Lay out the books of crediting."""
    parts: list[RenderableType] = [*map(_signer, signers)] or [Text("no reactor has signed for this database yet")]
    parts.append(_counts(counts))
    parts += [Text(f"blocked: {show_bytes(each.job_id)}\n{_refused(each)}") for each in blocked]
    parts += [Text(f"out of balance: {_compared(each)}") for each in imbalances]
    parts += [Text(f"left the chain: {show_bytes(each.job_id)}\n{_done_for(each)}") for each in orphans]
    return Group(*parts)


def standing(signer: SignerStatus) -> tuple[str, str]:
    """Return the word for where a signer stands, and why."""
    if signer.is_past:
        return "PAST", "another key has signed since, and nothing waits for this one"
    if signer.halted_reason is not None:
        return "HALTED", signer.halted_reason + (" (to be adopted)" if signer.adopts else "")
    if signer.paused_reason is not None:
        return "PAUSED", signer.paused_reason
    if signer.beat_seconds_ago > SILENT_SECONDS:
        return "SILENT", f"its last sign of life was {signer.beat_seconds_ago:.0f} s ago: does a reactor run?"
    return ("WAITS", signer.waits_for) if signer.waits_for else ("SIGNS", "")


def _signer(signer: SignerStatus) -> Text:
    word, reason = standing(signer)
    style = STYLES.get(word, "yellow")
    balance = "" if signer.balance is None else f", {Decimal(signer.balance) / WEI:.6f} BNB"
    nonces = "" if signer.nonces is None else f", {signer.nonces} nonces accounted for"
    return Text.assemble(
        f"{checksum_address(signer.address)}  ", (word, style), f"{balance}{nonces}", f"\n  {reason}" if reason else ""
    )


def _counts(counts: CreditCounts) -> Text:
    oldest = "" if counts.oldest_open is None else f"; the oldest since {counts.oldest_open:%Y-%m-%d %H:%M:%S} UTC"
    return Text(
        f"credits: {counts.settled} final, {counts.adopted} given before, {counts.under_way} under way, "
        f"{counts.waiting} waiting, {counts.blocked} blocked{oldest}"
    )


def _refused(credit: BlockedCredit) -> str:
    times = "once" if credit.refusals == 1 else f"{credit.refusals} times"
    return f"  refused {times} for {checksum_address(credit.provider)}: {credit.reason}"


def _done_for(orphan: Orphan) -> str:
    done = "credited, and not confirmed" if orphan.is_credited else "sent to its agent, and not paid for"
    return f"  {done}, for {checksum_address(orphan.provider)}: its renter must pay again, under the same id"


def _compared(imbalance: Imbalance) -> str:
    surplus = imbalance.increments > imbalance.credits
    meaning = "what is too much counts for its next jobs" if surplus else "run `lamda verify --chain opbnb`"
    return (
        f"{checksum_address(imbalance.provider)} has {imbalance.increments} final increments on chain and "
        f"{imbalance.credits} in our books: {meaning}"
    )
