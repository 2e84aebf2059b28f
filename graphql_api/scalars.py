"""
The scalars of the public schema: how values come in and go out.

Addresses come in any case and go out in EIP-55 form, amounts are decimal strings because JavaScript's numbers are
not exact, and times are RFC 3339 in UTC.
"""

from datetime import UTC, datetime
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from graphql_api.errors import BadInput
from models.values import NotAnAddress, checksum_address, parse_address, parse_bytes32, show_bytes

Address = NewType("Address", str)
"""An address in EIP-55 form, as state tables hold it."""

Bytes32 = NewType("Bytes32", bytes)
Wei = NewType("Wei", int)
BigInt = NewType("BigInt", int)

UINT256_MAX = 2**256 - 1


def read_address(value: object) -> Address:
    """Return the EIP-55 form of an address in any case. Raises `BadInput`."""
    try:
        return Address(checksum_address(parse_address(_text(value, "an address: expected 0x and 40 hex digits"))))
    except NotAnAddress as error:
        raise BadInput(str(error)) from error


def read_bytes32(value: object) -> Bytes32:
    """Return the bytes of a job id or a hash. Raises `BadInput`."""
    try:
        return Bytes32(parse_bytes32(_text(value, "a 32-byte value: expected 0x and 64 hex digits")))
    except ValueError as error:
        raise BadInput(str(error)) from error


def read_wei(value: object) -> Wei:
    """Return an amount given as a decimal string, or as an integer literal. Raises `BadInput`."""
    amount = _integer(value)
    if amount is None or not 0 <= amount <= UINT256_MAX:
        raise BadInput(f"{value!r} is not an amount in wei: expected a decimal string from 0 to 2^256 − 1")
    return Wei(amount)


def read_big_int(value: object) -> BigInt:
    """Return a whole number given as a decimal string, or as an integer literal. Raises `BadInput`."""
    number = _integer(value)
    if number is None:
        raise BadInput(f"{value!r} is not a whole number: expected a decimal string")
    return BigInt(number)


def read_moment(value: object) -> datetime:
    """Return a time given in RFC 3339 with its offset. Raises `BadInput`."""
    expected = "a time: expected RFC 3339 with an offset, like 2026-01-31T12:00:00Z"
    try:
        moment = datetime.fromisoformat(_text(value, expected))
        if moment.tzinfo is None:
            raise BadInput(f"{value!r} is not {expected}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{value!r} is not {expected}") from error


def show_moment(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


SCALARS: dict[object, ScalarDefinition] = {
    Address: strawberry.scalar(
        name="Address",
        description="20 bytes in hex: accepted in any case, returned in EIP-55 form.",
        serialize=str,
        parse_value=read_address,
    ),
    Bytes32: strawberry.scalar(
        name="Bytes32",
        description="32 bytes as 0x and 64 hex digits.",
        serialize=show_bytes,
        parse_value=read_bytes32,
    ),
    Wei: strawberry.scalar(
        name="Wei",
        description="An exact amount in wei, as a decimal string.",
        serialize=str,
        parse_value=read_wei,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number of any size, as a decimal string.",
        serialize=str,
        parse_value=read_big_int,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in RFC 3339; always UTC when returned.",
        serialize=show_moment,
        parse_value=read_moment,
    ),
}


def _text(value: object, expected: str) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{value!r} is not {expected}")
    return value


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    # A longer text is no number of ours, and turning it into one would cost quadratic time.
    is_decimal = isinstance(value, str) and len(value) <= 100 and value.lstrip("-").isdecimal() and value.isascii()
    try:
        return int(str(value)) if is_decimal else None
    except ValueError:
        return None
