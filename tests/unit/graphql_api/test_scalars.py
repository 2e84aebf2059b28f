"""How values come in and go out."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.errors import BadInput
from graphql_api.scalars import read_address, read_big_int, read_bytes32, read_moment, read_wei, show_moment

CHECKSUMMED = "0x52908400098527886E0F7030069857D2E4169EE7"


@pytest.mark.parametrize("text", [CHECKSUMMED, CHECKSUMMED.lower(), "0X" + CHECKSUMMED[2:], CHECKSUMMED[2:].lower()])
def test_an_address_in_any_case_becomes_eip_55(text: str) -> None:
    """People paste what they have."""
    assert read_address(text) == CHECKSUMMED


@pytest.mark.parametrize("value", ["", "0x", "0x12", "0x" + "g" * 40, "0x" + "1" * 41, 7, None, "0x" + "١" * 40])
def test_what_is_no_address_is_named(value: Any) -> None:
    """With what was expected."""
    with pytest.raises(BadInput, match="is not an address: expected 0x and 40 hex digits"):
        read_address(value)


def test_a_wrong_checksum_is_a_typing_error() -> None:
    """Mixed case with a wrong checksum is refused, with the right one to compare."""
    with pytest.raises(BadInput, match=f"wrong EIP-55 checksum; expected {CHECKSUMMED}"):
        read_address(CHECKSUMMED[:-2] + "e7")


def test_32_bytes_in_any_case() -> None:
    """A job id or a hash."""
    assert read_bytes32("0x" + "aB" * 32) == bytes([0xAB]) * 32


@pytest.mark.parametrize("value", ["", "0x12", "0x" + "z" * 64, 5, b"x" * 32])
def test_what_is_not_32_bytes_is_named(value: Any) -> None:
    """With what was expected."""
    with pytest.raises(BadInput, match="is not a 32-byte value: expected 0x and 64 hex digits"):
        read_bytes32(value)


@given(st.integers(min_value=0, max_value=2**256 - 1))
def test_every_amount_comes_in_exactly(amount: int) -> None:
    """As a decimal string, or as an integer literal."""
    assert read_wei(str(amount)) == read_wei(amount) == amount


@pytest.mark.parametrize(
    "value", ["-1", -1, str(2**256), "1.5", 1.5, "1e18", "", " 1", "٣", "²", True, None, "9" * 5000]
)
def test_what_is_no_amount_is_named(value: Any) -> None:
    """Never rounded, never guessed."""
    with pytest.raises(BadInput, match="is not an amount in wei: expected a decimal string"):
        read_wei(value)


def test_a_big_number_may_be_negative() -> None:
    """It is a number, not an amount."""
    assert read_big_int("-123456789012345678901234567890") == -123456789012345678901234567890


@pytest.mark.parametrize("value", ["--1", "1-", "-", "x", 0.5])
def test_what_is_no_big_number_is_named(value: Any) -> None:
    """With what was expected."""
    with pytest.raises(BadInput, match="is not a whole number"):
        read_big_int(value)


@pytest.mark.parametrize("text", ["2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", "2026-01-31T12:00:00.000Z"])
def test_a_time_comes_in_with_its_offset(text: str) -> None:
    """And is UTC from there on."""
    assert read_moment(text) == datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["2026-01-31T12:00:00", "2026-01-31", "noon", "", 1767225600, "0001-01-01T00:00:00+01:00"]
)
def test_what_is_no_time_is_named(value: Any) -> None:
    """A time without an offset could be anybody's noon."""
    with pytest.raises(BadInput, match="is not a time: expected RFC 3339 with an offset"):
        read_moment(value)


def test_a_time_goes_out_in_utc() -> None:
    """Whatever zone it was held in."""
    held = datetime(2026, 1, 31, 13, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=1)))

    assert show_moment(held) == "2026-01-31T12:00:00.250000Z"
