"""The values that crediting passes between its beats."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chain.sending import Answer
from dispatch.verify import Claim
from models.values import BlockId, Fees


class Kind(StrEnum):
    """What a transaction is for: to credit a provider, or to free its nonce by sending nothing to ourselves."""

    CREDIT = "credit"
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A transaction signed for an intent; `answer` is what an endpoint made of it when it was last sent."""

    transaction_hash: bytes
    nonce: int
    kind: Kind
    raw: bytes
    gas: int
    fees: Fees
    signed_at: datetime
    sent_at: datetime | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """
    One job to credit, with its live attempts, oldest first; all of them are of one nonce.

    `signer` is the account of that nonce, `rests_until` is when the contract may be asked again after it refused.
    """

    job_id: bytes
    provider: bytes
    signer: bytes | None = None
    live: tuple[Attempt, ...] = ()
    refusals: int = 0
    rests_until: datetime | None = None

    @property
    def nonce(self) -> int | None:
        """Return the nonce of the live attempts."""
        return self.live[-1].nonce if self.live else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """
    What the chain and an endpoint's pool say of our account.

    `latest` counts the transactions up to our own newest block, `final` those that are final there as far as we have
    watched, `pending` those with what waits in the pool. `height` is the newest block of the endpoint. `fees` are what
    is suggested now, `price_wei` what a unit of gas costs at least now.
    """

    height: int
    final: int
    latest: int
    pending: int
    fees: Fees
    price_wei: int
    balance_wei: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """How many transactions an account had sent as of a block of ours."""

    block: BlockId
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A mined transaction: where, and whether it did what it was for."""

    block: BlockId
    succeeded: bool


Receipts = Mapping[bytes, Receipt]
"""Those that are final, by the hash of the transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A final `JobConfirmed` without an intent: whom it credits, in which block it is, what is claimed of its log."""

    job_id: bytes
    provider: bytes
    block: int
    claim: Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerRow:
    """
    Our account, why it is halted or paused, and a person's word.

    It `adopts` what has halted it; where nothing has, the database was restored.
    """

    address: bytes
    halted_reason: str | None
    paused_reason: str | None
    adopts: bool

    @property
    def was_restored(self) -> bool:
        """Say whether a person said that the database may lack what was signed since its backup."""
        return self.adopts and self.halted_reason is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """
    What the database knows, as of one moment.

    `head` is the newest opBNB block whose facts we hold, `final_block` the newest of those that are final. `open` are
    intents that no final increment has settled, those without a nonce while their confirmation is final. `surplus`
    counts, per provider of whom something is due or unsigned, final increments on chain that no intent of ours
    explains; `unsure` are those of them for whom there are such increments that are not final yet; `counts` is what the
    contract counted for them by `head`. `due` are final confirmations without an intent, oldest first, up to the BSC
    block `due_through`. `accounted` is the first nonce that neither an adoption nor an attempt accounts for, None
    before any adoption; `has_signed` says whether any of them is an attempt's. While it is `unswept`, transactions that
    we do not know may wait in pools for the nonces that follow.
    """

    signer: SignerRow
    head: BlockId | None
    final_block: int
    open: tuple[Intent, ...]
    surplus: Mapping[bytes, int]
    unsure: Collection[bytes]
    counts: Mapping[bytes, int]
    due: tuple[Due, ...]
    due_through: int
    accounted: int | None
    has_signed: bool
    unswept: bool = False

    @property
    def live(self) -> tuple[Intent, ...]:
        """The intents that hold a nonce of our account; those of another key are that key's to see through."""
        return tuple(intent for intent in self.open if intent.live and intent.signer == self.signer.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that a unit of gas may cost for a credit, in wei."""

    fee_max_wei: int

    @property
    def release_fee_max_wei(self) -> int:
        """Return the same for a release: it takes less than half the gas of a credit, and must outbid one."""
        return 2 * self.fee_max_wei
