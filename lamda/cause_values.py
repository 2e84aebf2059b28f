"""What `lamda explain` gathers about a job and about what surrounds it, for `attribute` to find causes in."""

from dataclasses import dataclass

from models.credit_values import CreditStatus
from models.values import EscrowStatus, JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CopySeen:
    """Our copy of one chain; `notes` are what stands in its way, blocks are numbers, `lag_seconds` its age."""

    chain: str
    indexed: int
    head: int
    finalized: int
    final_through: int
    lag_seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerSeen:
    """Where a signer of credits stands: its word for it, and why."""

    word: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalSeen:
    """Reports of the job's provider that were refused today for one reason."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSeen:
    """
    The job, as far as its causes depend on it.

    `block` is that of its creation, `sent` how often it was handed to its agent, `credit` where its credit stands,
    `credit_said` what the contract said when it refused it, and `transaction` the hash of its newest on opBNB.
    """

    status: JobStatus
    escrow: EscrowStatus
    block: int
    is_assigned: bool
    has_spec: bool
    sent: int
    confirmed_block: int | None = None
    credit: CreditStatus | None = None
    credit_said: str | None = None
    transaction: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a job depends on beside itself, as the database tells of it."""

    bsc: CopySeen | None
    opbnb: CopySeen | None
    signers: tuple[SignerSeen, ...] = ()
    refusals: tuple[RefusalSeen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause of where a job stands, in words, and what to do where something is to be done."""

    text: str
    remedy: str | None = None
