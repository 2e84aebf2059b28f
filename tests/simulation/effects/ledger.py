"""
What accounts amount to after a block (nonces, counts, what was spent), and what one more block makes of it.

Each block has a ledger of its own, so that every branch, and every node on it, has its own truth.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.simulation.effects.transactions import SignedTransaction
from tests.simulation.events import Emission, emit

GAS_OF_TRANSFER: Final = 21_000
GAS_OF_CREDIT: Final = 32_000
GAS_OF_FIRST_CREDIT: Final = 49_100
L1_FEE: Final = 7_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """A transaction in a block; `log_index` is that of its log, if it has one."""

    transaction: SignedTransaction
    succeeded: bool
    gas_used: int
    price: int
    log_index: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """What holds for a block, whatever is in it."""

    contract: bytes
    owner: bytes
    base_fee: int
    funds: int
    reverting: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The accounts after a block, and the transactions in it."""

    law: Law
    nonces: Mapping[bytes, int] = field(default_factory=dict)
    counts: Mapping[bytes, int] = field(default_factory=dict)
    spent: Mapping[bytes, int] = field(default_factory=dict)
    mined: tuple[Mined, ...] = ()

    def nonce(self, account: bytes) -> int:
        """Return how many transactions of an account there were."""
        return self.nonces.get(account, 0)

    def balance(self, account: bytes) -> int:
        """Return what an account can still spend."""
        return max(0, self.law.funds - self.spent.get(account, 0))

    def gas(self, provider: bytes) -> int:
        """Return what a credit of a provider would use now."""
        return GAS_OF_CREDIT if self.counts.get(provider) else GAS_OF_FIRST_CREDIT


def after(
    parent: Ledger, law: Law, transactions: Iterable[SignedTransaction], *, logs_before: int
) -> tuple[Ledger, list[Emission]]:
    """Return the ledger and the logs of a block that holds those of the transactions that are valid in their order."""
    nonces, counts, spent = dict(parent.nonces), dict(parent.counts), dict(parent.spent)
    mined: list[Mined] = []
    logs: list[Emission] = []
    for each in transactions:
        so_far = Ledger(law=law, nonces=nonces, counts=counts, spent=spent)
        if not _is_valid(each, so_far):
            continue
        used, succeeded = _run(each, so_far)
        price = min(each.max_fee, law.base_fee + each.priority_fee)
        nonces[each.sender] = each.nonce + 1
        spent[each.sender] = spent.get(each.sender, 0) + used * price + L1_FEE
        place = None
        if succeeded and each.provider is not None:
            counts[each.provider] = count = counts.get(each.provider, 0) + 1
            place = logs_before + len(logs)
            log = emit(law.contract, "JobCountIncremented", each.provider, count)
            logs.append(_of(log, each.hash))
        mined.append(Mined(transaction=each, succeeded=succeeded, gas_used=used, price=price, log_index=place))
    return Ledger(law=law, nonces=nonces, counts=counts, spent=spent, mined=tuple(mined)), logs


def cost(transaction: SignedTransaction) -> int:
    """Return the most that a transaction may cost its sender."""
    return transaction.gas * transaction.max_fee + transaction.value + L1_FEE


def reverts(ledger: Ledger, sender: bytes, provider: bytes) -> str:
    """Return why a credit would revert, as the data of the error, or nothing."""
    if sender != ledger.law.owner:
        return "0x118cdaa7" + sender.rjust(32, b"\0").hex()
    if provider in ledger.law.reverting:
        text = b"NodeReputation: frozen"
        return "0x08c379a0" + ((32).to_bytes(32, "big") + len(text).to_bytes(32, "big") + text.ljust(32, b"\0")).hex()
    return ""


def _is_valid(transaction: SignedTransaction, ledger: Ledger) -> bool:
    return (
        transaction.nonce == ledger.nonce(transaction.sender)
        and transaction.max_fee >= ledger.law.base_fee
        and cost(transaction) <= ledger.balance(transaction.sender)
    )


def _run(transaction: SignedTransaction, ledger: Ledger) -> tuple[int, bool]:
    provider = transaction.provider
    if provider is None or transaction.to != ledger.law.contract:
        return GAS_OF_TRANSFER, True
    if reverts(ledger, transaction.sender, provider):
        return GAS_OF_TRANSFER + 3_000, False
    needed = ledger.gas(provider)
    return (needed, True) if needed <= transaction.gas else (transaction.gas, False)


def _of(log: Emission, transaction: bytes) -> Emission:
    return Emission(
        address=log.address,
        topics=log.topics,
        data=log.data,
        event=log.event,
        arguments=log.arguments,
        transaction=transaction,
    )
