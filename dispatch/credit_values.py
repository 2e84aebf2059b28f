"""The values that crediting passes between its beats."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from models.values import Fees


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A transaction signed for an intent."""

    transaction_hash: bytes
    nonce: int
    raw: bytes
    fees: Fees
    signed_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One job to credit, with its live attempts, oldest first; all of them are of one nonce."""

    job_id: bytes
    provider: bytes
    live: tuple[Attempt, ...] = ()

    @property
    def nonce(self) -> int | None:
        """Return the nonce of the live attempts."""
        return self.live[-1].nonce if self.live else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """
    How many transactions the chain has seen from our account.

    `final` is the count at the final block that our index has reached, `latest` at the newest block, `pending` with
    what waits in the endpoint's pool. `fees` are what the endpoint suggests now.
    """

    final: int
    latest: int
    pending: int
    fees: Fees


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A mined transaction: where, and whether it did what it was for."""

    block_number: int
    succeeded: bool


Receipts = Mapping[bytes, Receipt]


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """
    What the database knows, as of one moment.

    `final_block` is the newest final opBNB block whose facts we hold. `open` are intents that no final increment has
    settled. `nonces` are those of live attempts. `surplus` counts, per provider, final increments on chain that no
    intent of ours explains. `due` are final confirmations without an intent, oldest first, as (job, provider), up to
    the BSC block `due_through`.
    """

    final_block: int
    open: tuple[Intent, ...]
    surplus: Mapping[bytes, int]
    due: tuple[tuple[bytes, bytes], ...]
    due_through: int

    def without(self, adopted: frozenset[bytes]) -> "Books":
        """Return the same books, the intents of these jobs closed."""
        return replace(self, open=tuple(intent for intent in self.open if intent.job_id not in adopted))

    @property
    def nonces(self) -> frozenset[int]:
        """Return the nonces that live attempts hold."""
        return frozenset(intent.nonce for intent in self.open if intent.nonce is not None)
