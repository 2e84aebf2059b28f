"""What `lamda doctor` sees of a system, and what it finds: observations go in, findings come out (`diagnose`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.values import BlockId, Chain


class Verdict(StrEnum):
    """What a check came to; only FAILED makes the exit code 1."""

    WELL = "well"
    NOTE = "note"
    FAILED = "failed"
    SKIPPED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check of a subject came to, and what to do about it where something is to be done."""

    subject: str
    verdict: Verdict
    text: str
    remedy: str | None = None


class LogsAnswer(StrEnum):
    """What an endpoint does when it is asked for the logs of one block."""

    GIVEN = "given"
    OFF = "off"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsSeen:
    """Whether an endpoint gives logs, what it said where not, and the oldest block that it was seen to give them of."""

    answer: LogsAnswer
    said: str = ""
    oldest: int | None = None
    oldest_age_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSeen:
    """
    One endpoint as it answered; `trouble` is why it has no head, and then nothing else is known of it.

    `at_ours` is the hash that it has at the height of our final block.
    """

    name: str
    trouble: str | None = None
    chain_id: int | None = None
    genesis: bytes | None = None
    at_ours: bytes | None = None
    head: int | None = None
    head_age_seconds: float = 0.0
    finalized: int | None = None
    has_contract: bool = False
    gives_receipts: bool = False
    logs: LogsSeen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainExpected:
    """
    What the settings and the database say of a chain.

    `next_block` is the one that is to be read next, `final` the newest of ours that is final.
    """

    chain: Chain
    chain_id: int
    contract: bytes
    contract_name: str
    start_block: int
    next_block: int
    genesis: bytes | None = None
    final: BlockId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletSeen:
    """The account that signs credits, as opBNB has it; amounts are in wei, `pending` counts what waits in a pool."""

    address: bytes
    owner: bytes
    balance: int
    gas_price: int
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSeen:
    """
    Postgres as it answered; `server` is its version number as it counts, `revision` its schema, `newest` ours.

    `schema_trouble` is why this version cannot run on that schema.
    """

    place: str
    server: int
    revision: str | None
    newest: str
    schema_trouble: str | None
    is_standby: bool
    clock_skew_seconds: float
    connections: int
    connections_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BusSeen:
    """NATS as it answered; `streams_said` is why it has no JetStream for us."""

    place: str
    version: str
    streams_said: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsSeen:
    """What the settings are like beyond being readable; `open_files` hold secrets and can be read by anybody."""

    problems: tuple[str, ...] = ()
    is_production: bool = False
    has_database: bool = True
    has_bus: bool = True
    has_sign_in_domains: bool = True
    insecure_reports: bool = False
    open_files: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramsSeen:
    """
    What stands in each chain's way, and for each signer the word for where it stands, with the reason.

    `pauses` says of the chains that are paused why.
    """

    chains: Mapping[Chain, tuple[str, ...]]
    pauses: Mapping[Chain, str] = field(default_factory=dict)
    signers: tuple[tuple[str, str], ...] = ()


def well(subject: str, text: str) -> Finding:
    """Return that all is well with a subject."""
    return Finding(subject=subject, verdict=Verdict.WELL, text=text)


def note(subject: str, text: str, remedy: str | None = None) -> Finding:
    """Return what is to be noted of a subject."""
    return Finding(subject=subject, verdict=Verdict.NOTE, text=text, remedy=remedy)


def failed(subject: str, text: str, remedy: str) -> Finding:
    """Return what is wrong with a subject; that has a remedy."""
    return Finding(subject=subject, verdict=Verdict.FAILED, text=text, remedy=remedy)
