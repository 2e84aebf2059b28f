"""
The values that every room speaks in: chains, statuses, addresses, block ranges.

All are immutable, and each turns its raw form (bytes, text) into itself in one place.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from eth_hash.auto import keccak

ZERO_ADDRESS = bytes(20)
"""As a job's provider: nobody. Shown as unassigned, never dispatched, never credited."""

ZERO_HASH = bytes(32)
"""The parent of a genesis block."""


class Chain(StrEnum):
    """The two chains we follow: BSC carries `JobManager`, opBNB carries `NodeReputation`."""

    BSC = "bsc"
    OPBNB = "opbnb"


class JobStatus(StrEnum):
    """Where a job stands; what the chain says goes before what an agent says."""

    CREATED = "CREATED"
    ASSIGNED = "ASSIGNED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class EscrowStatus(StrEnum):
    """Where a job's payment stands: held by the contract, released by the renter, or taken by the provider."""

    HELD = "HELD"
    CONFIRMED = "CONFIRMED"
    CLAIMED = "CLAIMED"


class ProofLevel(StrEnum):
    """
    How it was proven that we have all logs of a block range; each level includes those before it.

    PINNED: the node that answered had the range's last block. HASH: every log belongs to a header we read.
    BLOOM: headers link without a gap, and each block whose bloom may hold logs of ours had them or was asked about
    otherwise. RECEIPTS: the logs of such blocks were counted in their receipts, which make up the whole bloom.
    """

    PINNED = "PINNED"
    HASH = "HASH"
    BLOOM = "BLOOM"
    RECEIPTS = "RECEIPTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRange:
    """The blocks from `first` to `last`, both ends included."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last:
            raise ValueError(f"a block range runs from a block to a later one, not {self.first} to {self.last}")

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.first}–{self.last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockId:
    """A block by height and hash (32 bytes): what a fork is judged on."""

    number: int
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """What a transaction offers for each unit of gas, in wei: the most in all, and of that the tip."""

    max_wei: int
    priority_wei: int


class NotAnAddress(ValueError):
    """The text is not 20 bytes of hex with a valid EIP-55 checksum, where it has one."""


@lru_cache(maxsize=65_536)
def checksum_address(address: bytes) -> str:
    """Return the EIP-55 form of a 20-byte address."""
    plain = address.hex()
    digest = keccak(plain.encode()).hex()
    return "0x" + "".join(
        letter.upper() if nibble > "7" else letter for letter, nibble in zip(plain, digest, strict=False)
    )


def parse_address(text: str) -> bytes:
    """
    Return the 20 bytes of an address given in any case.

    A mixed-case text must carry the right EIP-55 checksum: a wrong one is a typing error that would send
    somebody's money or question to the wrong place. Raises `NotAnAddress`.
    """
    address = _hex(text, size=20)
    if address is None:
        raise NotAnAddress(f"{text!r} is not an address: expected 0x and 40 hex digits")
    digits = text[-40:]
    if digits not in (digits.lower(), digits.upper()) and checksum_address(address)[2:] != digits:
        raise NotAnAddress(f"{text!r} has a wrong EIP-55 checksum; expected {checksum_address(address)}")
    return address


def parse_bytes32(text: str) -> bytes:
    """Return the 32 bytes of a job id or a hash given as hex in any case. Raises `ValueError`."""
    value = _hex(text, size=32)
    if value is None:
        raise ValueError(f"{text!r} is not a 32-byte value: expected 0x and 64 hex digits")
    return value


def show_bytes(value: bytes) -> str:
    """Return the lower-case 0x form of a hash or a job id."""
    return "0x" + value.hex()


def _hex(text: str, *, size: int) -> bytes | None:
    digits = text[2:] if text[:2] in ("0x", "0X") else text
    if len(digits) != 2 * size or not digits.isascii() or not digits.isalnum():
        return None
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return None
