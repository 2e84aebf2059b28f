"""
The orders that lists come in, and the keys that make each of them total.

Every order ends in a key that no two rows share, so that a page begins exactly where the last one ended, however
many rows are equal in what people sort by.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a key is made of, so that a cursor's text can be read back and checked."""

    BOOLEAN = "BOOLEAN"
    INTEGER = "INTEGER"
    MOMENT = "MOMENT"
    BYTES32 = "BYTES32"
    ADDRESS = "ADDRESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One column rows are ordered by. A null of a `nullable` one comes before every value."""

    column: str
    kind: Kind
    nullable: bool = False


class JobOrderField(StrEnum):
    """What jobs can be ordered by."""

    CREATED = "CREATED"
    PAYMENT = "PAYMENT"
    UPDATED = "UPDATED"


class ProviderOrderField(StrEnum):
    """What providers can be ordered by."""

    REPUTATION = "REPUTATION"
    LAST_SEEN = "LAST_SEEN"
    VRAM = "VRAM"
    REGISTERED = "REGISTERED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A total order of rows, by its public name, its keys and its direction."""

    name: str
    keys: tuple[Key, ...]
    descending: bool

    def __str__(self) -> str:
        return f"{self.name} {'DESC' if self.descending else 'ASC'}"


_JOB_ID = Key(column="job_id", kind=Kind.BYTES32)
_WALLET = Key(column="wallet_address", kind=Kind.ADDRESS)

JOB_KEYS = {
    JobOrderField.CREATED: (
        Key(column="source_block", kind=Kind.INTEGER),
        Key(column="source_log_index", kind=Kind.INTEGER),
    ),
    JobOrderField.PAYMENT: (Key(column="payment", kind=Kind.INTEGER), _JOB_ID),
    JobOrderField.UPDATED: (Key(column="updated_at", kind=Kind.MOMENT), _JOB_ID),
}

PROVIDER_KEYS = {
    ProviderOrderField.REPUTATION: (Key(column="reputation_score", kind=Kind.INTEGER), _WALLET),
    # Who is online was seen later than who is not: the first key changes no order, and the index begins with it.
    ProviderOrderField.LAST_SEEN: (
        Key(column="is_online", kind=Kind.BOOLEAN),
        Key(column="last_seen", kind=Kind.MOMENT, nullable=True),
        _WALLET,
    ),
    ProviderOrderField.VRAM: (Key(column="vram", kind=Kind.INTEGER), _WALLET),
    ProviderOrderField.REGISTERED: (Key(column="registered_at", kind=Kind.MOMENT, nullable=True), _WALLET),
}


def job_order(field: JobOrderField = JobOrderField.CREATED, *, descending: bool = True) -> Order:
    """Return an order of jobs; without a choice the newest come first."""
    return Order(name=field.value, keys=JOB_KEYS[field], descending=descending)


def provider_order(field: ProviderOrderField = ProviderOrderField.REPUTATION, *, descending: bool = True) -> Order:
    """Return an order of providers; without a choice the best reputation comes first."""
    return Order(name=field.value, keys=PROVIDER_KEYS[field], descending=descending)


ORDER_NAMES = frozenset(
    str(Order(name=field.value, keys=(), descending=descending))
    for field in (*JobOrderField, *ProviderOrderField)
    for descending in (False, True)
)
"""Every order a cursor can belong to."""
