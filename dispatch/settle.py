"""
Decide what to do for a credit next.

    unsigned ──Sign──► stored ──Send──► in the pool ──mined──► in a block ──final──► settled (our own index says so)
       ▲                                  │   │ ▲                  │
       │                                  │   └─┘ again, or        └── a reorg takes it back: sent again
       │                                  │       Replace: dearer, on the same nonce
       │                                  ▼
       │                        Release: nothing to ourselves, on the same nonce
       │                                  │
       └── FreeNonce: its nonce was ◄─────┘
           consumed, finally, without a credit

One intent holds one nonce at a time. A new one is given only when the old was consumed, finally, without a credit: a
transaction that may still be mined is never left behind. docs/transactions.md has the whole picture.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from chain.sending import Answer
from dispatch.credit_values import Account, Attempt, Books, Due, Intent, Kind, Limits, Receipts, Sighting
from models.values import Fees

PENDING_MAX = 16
"""How many transactions of one account opBNB keeps waiting."""

RESEND_AFTER = timedelta(seconds=5)
REPLACE_AFTER = timedelta(seconds=30)
RAISE_AFTER = timedelta(seconds=2)
"""How long after signing a transaction is replaced whose fees an endpoint calls too low."""

REST_FIRST = timedelta(seconds=15)
REST_MAX = timedelta(minutes=30)
"""How long a credit rests that the contract refused, at first and at the most; the rest doubles each time."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Sign a transaction with the next free nonce."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send bytes that are stored already."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Replace:
    """Sign again on the same nonce with these fees."""

    nonce: int
    fees: Fees


@dataclass(frozen=True, slots=True)
class Release:
    """Sign a transfer of nothing to ourselves on the same nonce with these fees."""

    nonce: int
    fees: Fees
    reason: str


@dataclass(frozen=True, slots=True)
class FreeNonce:
    """The nonce was consumed without a credit: the intent may have another; `refused` says the credit was tried."""

    reason: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody else used the nonce: stop, and call a person."""

    nonce: int


@dataclass(frozen=True, slots=True)
class Wait:
    """There is nothing to do for it now; `complaint` where that is no good sign."""

    complaint: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """A block has consumed the nonce, and by which transaction nobody can say yet."""


Verdict = Sign | Send | Replace | Release | FreeNonce | Stranger | Unclear | Wait


def settle(intent: Intent, account: Account, receipts: Receipts, *, now: datetime, limits: Limits) -> Verdict:
    """Return what to do for an intent that no final increment has settled; `receipts` are those that are final."""
    if not intent.live:
        rests = intent.rests_until is not None and now < intent.rests_until
        return Wait() if rests else Sign()
    newest = intent.live[-1]
    if newest.nonce < account.latest:
        return _consumed(intent, account, receipts)
    if newest.nonce >= account.latest + PENDING_MAX:
        # A reorg may bring back more than a pool takes. Full of later ones, it would not take the first.
        return Wait()
    if newest.sent_at is None:
        return Send(newest)
    return _hasten(newest, account, now, limits) or _send_again(newest, now)


def raise_fees(old: Fees, suggested: Fees, *, fee_max_wei: int) -> Fees | None:
    """
    Return fees that replace the old ones, or None where that would exceed the most to offer.

    Both go up by a tenth, rounded up, or as far as suggested where that is more.
    """
    least = Fees(max_wei=_tenth_more(old.max_wei), priority_wei=_tenth_more(old.priority_wei))
    if least.max_wei > fee_max_wei:
        return None
    most = min(fee_max_wei, max(least.max_wei, suggested.max_wei))
    return Fees(max_wei=most, priority_wei=min(most, max(least.priority_wei, suggested.priority_wei)))


def first_fees(account: Account, limits: Limits) -> Fees | None:
    """Return what to offer for a new credit, or None while a unit of gas costs more than the limit."""
    if account.price_wei > limits.fee_max_wei:
        return None
    most = min(account.fees.max_wei, limits.fee_max_wei)
    return Fees(max_wei=most, priority_wei=min(most, account.fees.priority_wei))


def hindrance(waiting: Iterable[Attempt], account: Account, limits: Limits) -> str:
    """Return what keeps transactions that wait from being mined, and new ones from being signed, or an empty text."""
    if first_fees(account, limits) is None:
        return f"gas costs {account.price_wei} wei, {limits.fee_max_wei} at most is allowed"
    short = [each.nonce for each in waiting if each.nonce >= account.latest and each.answer is Answer.NO_MONEY]
    return f"the account cannot pay for nonce {min(short)}: send it BNB" if short else ""


def rest_after(refusals: int, refused_at: datetime) -> datetime:
    """Return when the contract may be asked again that has refused a credit so many times in a row."""
    doublings: int = min(max(0, refusals - 1), 10)
    return refused_at + min(REST_MAX, REST_FIRST * (1 << doublings))


def final_count(sightings: Iterable[Sighting], final_block: int) -> Sighting | None:
    """Return the newest sighting at or below the final block."""
    final = [sighting for sighting in sightings if sighting.block.number <= final_block]
    return max(final, key=lambda sighting: sighting.block.number, default=None)


def room(account: Account, live: Sequence[int]) -> int:
    """Return how many more transactions may wait in the pool beside those of live nonces."""
    return max(0, PENDING_MAX - sum(1 for nonce in live if nonce >= account.latest))


def affordable(costs: Sequence[int], *, reserved_wei: int, balance_wei: int) -> int:
    """Return how many of these transactions, from the first on, the balance bears beside what is reserved."""
    totals = accumulate(costs, initial=reserved_wei)
    return sum(1 for total in list(totals)[1:] if total <= balance_wei)


def adopt(books: Books, due: Iterable[Due]) -> frozenset[bytes]:
    """
    Return the jobs that the chain has credited already, among those due and those that nothing was signed for.

    The chain says how often a provider was credited, not for which job: the oldest confirmations count as credited.
    Intents come before what is due: a restored database has them without the transactions that were signed since.
    """
    left = dict(books.surplus)
    adopted: set[bytes] = set()
    for job_id, provider in [
        *((intent.job_id, intent.provider) for intent in books.open if not intent.live),
        *((each.job_id, each.provider) for each in due),
    ]:
        if left.get(provider, 0) > 0:
            left[provider] -= 1
            adopted.add(job_id)
    return frozenset(adopted)


def _consumed(intent: Intent, account: Account, receipts: Receipts) -> Verdict:
    """
    Judge a nonce that a block has consumed.

    Our index is complete as far as it is final, and has no increment by this nonce: final receipts only tell which of
    our transactions it was, and can make us wait.
    """
    nonce = intent.live[-1].nonce
    mined = [(each, receipts[each.transaction_hash]) for each in intent.live if each.transaction_hash in receipts]
    if not mined:
        return Stranger(nonce) if nonce < account.final else Unclear()
    attempt, receipt = mined[0]
    block = receipt.block.number
    if attempt.kind is Kind.RELEASE:
        return FreeNonce(f"freed by a transfer in block {block}", refused=False)
    if receipt.succeeded:
        return Wait(
            f"nonce {nonce} credited in final block {block}, says the endpoint, and our index has no such event"
        )
    return FreeNonce(f"reverted in block {block}", refused=True)


def _hasten(newest: Attempt, account: Account, now: datetime, limits: Limits) -> Replace | Release | None:
    """Return what makes a transaction go through that waits for too long, or that nobody takes."""
    if newest.answer in (Answer.NO_MONEY, Answer.NONCE_USED):
        # A dearer one would need yet more money; and where the nonce is used, our index only has to come to that block.
        return None
    is_credit, is_refused = newest.kind is Kind.CREDIT, newest.answer is Answer.REFUSED
    patience = RAISE_AFTER if newest.answer is Answer.UNDERPRICED else REPLACE_AFTER
    if now - newest.signed_at < patience and not (is_credit and is_refused):
        return None
    if is_credit and not is_refused:
        dearer = raise_fees(newest.fees, account.fees, fee_max_wei=limits.fee_max_wei)
        if dearer is not None:
            return Replace(newest.nonce, dearer)
    fees = raise_fees(newest.fees, account.fees, fee_max_wei=limits.release_fee_max_wei)
    if fees is None:
        return None
    cause = "no endpoint takes the credit" if is_refused else f"{limits.fee_max_wei} wei per gas are the limit"
    return Release(newest.nonce, fees, cause)


def _send_again(newest: Attempt, now: datetime) -> Verdict:
    sent_at = newest.sent_at
    return Send(newest) if sent_at is None or now - sent_at >= RESEND_AFTER else Wait()


def _tenth_more(fee: int) -> int:
    return -(-fee * 11 // 10)
