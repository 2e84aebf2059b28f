"""
Decide what to do for a credit next.

    no attempt ──sign──► stored ──send──► in the pool ──mined──► in a block ──final──► done (our own index says so)
        ▲                                  │   │ ▲                   │
        │                                  │   └─┘ again, or with    └── a reorg takes it back: sent again
        └── its nonce consumed, finally ◄──┘       higher fees on
            by a transaction that failed           the same nonce

One intent holds one nonce at a time. A new one is given only when the old was consumed, finally, without a credit: a
transaction that may still be mined is never left behind.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.credit_values import Account, Attempt, Books, Intent, Receipts
from models.values import Fees

PENDING_MAX = 16
"""How many transactions of one account opBNB keeps waiting."""

RESEND_AFTER = timedelta(seconds=5)
REPLACE_AFTER = timedelta(seconds=30)


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
class GiveUpNonce:
    """The nonce was consumed without a credit: the intent may have another."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody else used the nonce: stop, and call a person."""

    nonce: int


@dataclass(frozen=True, slots=True)
class Wait:
    """There is nothing to do for it now."""


Verdict = Sign | Send | Replace | GiveUpNonce | Stranger | Wait


def settle(intent: Intent, account: Account, receipts: Receipts, *, now: datetime, fee_max_wei: int) -> Verdict:
    """Return what to do for an intent that no final increment has settled. `fee_max_wei` is the most to offer."""
    if not intent.live:
        return Sign()
    newest = intent.live[-1]
    if newest.nonce < account.final:
        return _consumed(intent, receipts)
    if newest.nonce < account.latest:
        return Wait()
    if newest.sent_at is None:
        return Send(newest)
    raised = raise_fees(newest.fees, account.fees)
    if now - newest.signed_at >= REPLACE_AFTER and raised.max_wei <= fee_max_wei:
        return Replace(newest.nonce, raised)
    return Send(newest) if now - newest.sent_at >= RESEND_AFTER else Wait()


def raise_fees(old: Fees, suggested: Fees) -> Fees:
    """Return fees that replace the old ones: both up by a tenth, rounded up, or as suggested where that is more."""
    return Fees(
        max_wei=max(_tenth_more(old.max_wei), suggested.max_wei),
        priority_wei=max(_tenth_more(old.priority_wei), suggested.priority_wei),
    )


def next_nonce(account: Account, taken: frozenset[int]) -> int:
    """Return the nonce after all that the chain has seen and all that live attempts hold."""
    return max([account.latest, *(nonce + 1 for nonce in taken)])


def unexplained(account: Account, taken: frozenset[int]) -> list[int]:
    """Return the nonces that were used, not finally as far as we have indexed, by no live attempt of ours."""
    return [nonce for nonce in range(account.final, account.pending) if nonce not in taken]


def adopt(books: Books) -> frozenset[bytes]:
    """
    Return the jobs that the chain has credited already, among those that nothing has been signed for.

    The chain says how often a provider was credited, not for which job: the oldest confirmations count as credited.
    Intents come before what is due: a restored database has them without the transactions that were signed since.
    """
    left = dict(books.surplus)
    adopted: set[bytes] = set()
    for job_id, provider in [
        *((intent.job_id, intent.provider) for intent in books.open if not intent.live),
        *books.due,
    ]:
        if left.get(provider, 0) > 0:
            left[provider] -= 1
            adopted.add(job_id)
    return frozenset(adopted)


def room(account: Account, taken: frozenset[int]) -> int:
    """Return how many more transactions may wait in the pool."""
    return max(0, PENDING_MAX - sum(1 for nonce in taken if nonce >= account.latest))


def _consumed(intent: Intent, receipts: Receipts) -> Verdict:
    mined = [receipts[attempt.transaction_hash] for attempt in intent.live if attempt.transaction_hash in receipts]
    if not mined:
        return Stranger(intent.live[-1].nonce)
    if any(receipt.succeeded for receipt in mined):
        # The endpoint has it and our index not yet: the index decides.
        return Wait()
    return GiveUpNonce(f"reverted in block {mined[0].block_number}")


def _tenth_more(fee: int) -> int:
    return -(-fee * 11 // 10)
