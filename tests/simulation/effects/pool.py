"""One node's transaction pool, with the rules and the words of op-geth."""

from dataclasses import dataclass
from random import Random
from typing import Final

from tests.simulation.effects.ledger import Ledger, cost
from tests.simulation.effects.transactions import SignedTransaction
from tests.simulation.nodes import Refusal

PENDING_MAX: Final = 16
TIP_MIN: Final = 1001
LIFETIME_SECONDS: Final = 120.0
"""How long those of a sender wait for one that is missing before them; three hours in op-geth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a node is strict about: gaps between nonces, and fees below the base fee of the moment."""

    refuses_gaps: bool = False
    refuses_low_caps: bool = False


class Pool:
    """Transactions that wait; of those with one sender and nonce, one."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._waiting: dict[tuple[bytes, int], SignedTransaction] = {}
        self._stuck_since: dict[bytes, float] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, transaction: SignedTransaction) -> bool:
        return self._waiting.get(transaction.place) == transaction

    def find(self, transaction_hash: bytes) -> SignedTransaction | None:
        """Return a transaction by its hash, if it waits here."""
        return next((each for each in self._waiting.values() if each.hash == transaction_hash), None)

    def add(self, transaction: SignedTransaction, ledger: Ledger) -> None:
        """Take a transaction in. Raises `Refusal`."""
        former = self._waiting.get(transaction.place)
        if former == transaction:
            raise Refusal("already known")
        self._validate(transaction, ledger, former)
        if former is not None:
            _check_replaces(transaction, former)
        elif sum(sender == transaction.sender for sender, _ in self._waiting) >= PENDING_MAX:
            raise Refusal("account limit exceeded")
        self._waiting[transaction.place] = transaction

    def put_back(self, transaction: SignedTransaction) -> None:
        """Take in again what a block has lost, where nothing has come in its place."""
        self._waiting.setdefault(transaction.place, transaction)

    def next_nonce(self, sender: bytes, ledger: Ledger) -> int:
        """Return the nonce after those that were used and those that wait without a gap."""
        nonce = ledger.nonce(sender)
        while (sender, nonce) in self._waiting:
            nonce += 1
        return nonce

    def ready(self, ledger: Ledger) -> list[SignedTransaction]:
        """Return what could be mined next, each sender's in the order of its nonces."""
        found: list[SignedTransaction] = []
        for sender in sorted({sender for sender, _ in self._waiting}):
            first = ledger.nonce(sender)
            found += [self._waiting[sender, nonce] for nonce in range(first, self.next_nonce(sender, ledger))]
        return found

    def drop_used(self, ledger: Ledger) -> None:
        """Forget those whose nonce was used."""
        self._waiting = {
            place: each for place, each in self._waiting.items() if each.nonce >= ledger.nonce(each.sender)
        }

    def expire(self, ledger: Ledger, now: float) -> None:
        """Forget those of senders whose next nonce has been missing for too long."""
        senders = {sender for sender, _ in self._waiting}
        stuck = {sender for sender in senders if (sender, ledger.nonce(sender)) not in self._waiting}
        self._stuck_since = {sender: self._stuck_since.get(sender, now) for sender in stuck}
        gone = {sender for sender, since in self._stuck_since.items() if now - since >= LIFETIME_SECONDS}
        self._waiting = {place: each for place, each in self._waiting.items() if place[0] not in gone}

    def forget(self, dice: Random, share: float) -> int:
        """Lose some; return how many."""
        gone = [place for place in sorted(self._waiting) if dice.random() < share]
        for place in gone:
            del self._waiting[place]
        return len(gone)

    def _validate(self, transaction: SignedTransaction, ledger: Ledger, former: SignedTransaction | None) -> None:
        sender, used = "0x" + transaction.sender.hex(), ledger.nonce(transaction.sender)
        if transaction.priority_fee < TIP_MIN:
            raise Refusal(f"transaction underpriced: gas tip cap {transaction.priority_fee}, minimum needed {TIP_MIN}")
        if transaction.nonce < used:
            raise Refusal(f"nonce too low: next nonce {used}, tx nonce {transaction.nonce}")
        if self._rules.refuses_gaps and transaction.nonce > (awaited := self.next_nonce(transaction.sender, ledger)):
            raise Refusal(f"nonce too high: address {sender}, tx: {transaction.nonce} state: {awaited}")
        if self._rules.refuses_low_caps and transaction.max_fee < ledger.law.base_fee:
            fees = f"maxFeePerGas: {transaction.max_fee}, baseFee: {ledger.law.base_fee}"
            raise Refusal(f"max fee per gas less than block base fee: address {sender}, {fees}")
        queued = sum(
            cost(each) for each in self._waiting.values() if each.sender == transaction.sender and each is not former
        )
        balance = ledger.balance(transaction.sender)
        if queued + cost(transaction) > balance:
            costs = f"balance {balance}, queued cost {queued}, tx cost {cost(transaction)}"
            raise Refusal(f"insufficient funds for gas * price + value: {costs}")


def _check_replaces(transaction: SignedTransaction, former: SignedTransaction) -> None:
    if transaction.max_fee * 100 < former.max_fee * 110 or transaction.priority_fee * 100 < former.priority_fee * 110:
        raise Refusal("replacement transaction underpriced")
