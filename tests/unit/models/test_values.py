"""Addresses, hashes and ranges have one form inside and are taken in every form that people write."""

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from models.values import (
    ZERO_ADDRESS,
    BlockRange,
    NotAnAddress,
    checksum_address,
    parse_address,
    parse_bytes32,
    show_bytes,
)

# The test vectors of EIP-55 itself.
EIP_55 = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]
ADDRESSES = st.binary(min_size=20, max_size=20)


@pytest.mark.parametrize("text", EIP_55)
def test_vectors_of_eip_55(text: str) -> None:
    """There and back."""
    assert checksum_address(parse_address(text)) == text


@given(address=ADDRESSES)
def test_checksums_are_those_of_others(address: bytes) -> None:
    """Wallets and explorers show the same text."""
    assert checksum_address(address) == to_checksum_address(address)


@given(address=ADDRESSES, prefix=st.sampled_from(["0x", "0X", ""]), case=st.sampled_from([str.lower, str.upper]))
def test_an_address_is_taken_in_one_case(address: bytes, prefix: str, case: type[str]) -> None:
    """All lower or all upper says nothing of a checksum, so none is asked for."""
    assert parse_address(prefix + case(address.hex())) == address


@given(address=ADDRESSES)
def test_an_address_is_taken_with_its_checksum(address: bytes) -> None:
    """As wallets copy it."""
    assert parse_address(checksum_address(address)) == address


@given(address=ADDRESSES, letter=st.integers(2, 41))
def test_one_letter_in_the_wrong_case_is_refused(address: bytes, letter: int) -> None:
    """It may be one letter typed wrong: the message says what would be right."""
    right = checksum_address(address)
    wrong = right[:letter] + right[letter].swapcase() + right[letter + 1 :]
    if wrong == right or wrong[2:] in (wrong[2:].lower(), wrong[2:].upper()):
        return

    with pytest.raises(NotAnAddress, match=f"'{wrong}' has a wrong EIP-55 checksum; expected {right}"):
        parse_address(wrong)


def test_the_zero_address_is_an_address() -> None:
    """What it means is another matter."""
    assert parse_address("0x" + "0" * 40) == ZERO_ADDRESS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        "0x" + "1" * 39,
        "0x" + "1" * 41,
        "0x" + "g" * 40,
        "0x" + "1" * 38 + " 1",
        " 0x" + "1" * 40,
        "0x" + "1" * 40 + "\n",
        "0x0x" + "1" * 38,
        "0x" + "١" * 40,
        "lamda.eth",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """With the text and what was expected."""
    with pytest.raises(NotAnAddress) as refusal:
        parse_address(text)

    assert str(refusal.value) == f"{text!r} is not an address: expected 0x and 40 hex digits"


@given(value=st.binary(min_size=32, max_size=32), prefix=st.sampled_from(["0x", "0X", ""]))
def test_a_job_id_is_taken_in_any_case(value: bytes, prefix: str) -> None:
    """And shown in lower case."""
    assert parse_bytes32(prefix + value.hex()) == parse_bytes32(prefix + value.hex().upper()) == value
    assert show_bytes(value) == "0x" + value.hex()


@pytest.mark.parametrize(
    "text", ["", "0x12", "0x" + "1" * 63, "0x" + "1" * 66, "0x" + "z" * 64, "0x" + "1" * 62 + "  "]
)
def test_what_is_no_job_id_is_refused(text: str) -> None:
    """With the text and what was expected."""
    with pytest.raises(ValueError, match="is not a 32-byte value: expected 0x and 64 hex digits"):
        parse_bytes32(text)


@given(text=st.text(max_size=70))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never another error."""
    for parse in (parse_address, parse_bytes32):
        try:
            parse(text)
        except ValueError as refusal:
            assert repr(text) in str(refusal)  # noqa: PT017  # Both outcomes are right.


def test_a_range_holds_both_its_ends() -> None:
    """From 5 to 7 are three blocks."""
    blocks = BlockRange(first=5, last=7)

    assert (len(blocks), str(blocks), len(BlockRange(first=0, last=0))) == (3, "5–7", 1)


@pytest.mark.parametrize(("first", "last"), [(1, 0), (-1, 5), (-2, -1)])
def test_a_range_runs_forward_from_a_block_that_can_be(first: int, last: int) -> None:
    """The wrong thing cannot be written."""
    with pytest.raises(ValueError, match=f"not {first} to {last}"):
        BlockRange(first=first, last=last)
