"""What our wallets sign is Sign-In with Ethereum, to the letter, as the library that verifies it reads it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import siwe  # type: ignore[import-untyped]  # It has no annotations.

from devnet.accounts import RENTERS, private_key
from devnet.sign_in import VALID_FOR, SignIn, sign
from models.values import parse_address

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
SIGN_IN = SignIn(
    url="http://127.0.0.1:8080",
    address=parse_address(ADDRESS),
    chain_id=56,
    nonce="8fJ3kQpL0aZx1",
    issued_at=NOON,
)


def test_the_message_says_who_signs_in_where_and_when() -> None:
    message = siwe.SiweMessage.from_message(SIGN_IN.text)

    assert (message.domain, message.uri) == ("127.0.0.1:8080", "http://127.0.0.1:8080")
    assert (message.address, message.chain_id, message.nonce) == (ADDRESS, 56, "8fJ3kQpL0aZx1")
    assert message.issued_at == "2026-10-01T12:00:00.000Z"
    assert message.expiration_time is not None
    assert message.expiration_time._datetime == NOON + VALID_FOR


def test_the_message_is_written_as_the_standard_writes_it() -> None:
    """The library writes the same text from what it has read."""
    assert siwe.SiweMessage.from_message(SIGN_IN.text).prepare_message() == SIGN_IN.text


@pytest.mark.parametrize("hours", [-7, 0, 9])
def test_times_are_told_in_utc_whatever_the_zone(hours: int) -> None:
    local = NOON.astimezone(timezone(timedelta(hours=hours)))

    elsewhere = SignIn(url=SIGN_IN.url, address=SIGN_IN.address, chain_id=56, nonce=SIGN_IN.nonce, issued_at=local)

    assert elsewhere.text == SIGN_IN.text


def test_the_signature_is_that_of_the_wallet() -> None:
    """Verified strictly, as an API does it."""
    siwe.SiweMessage.from_message(SIGN_IN.text).verify(
        sign(SIGN_IN.text, private_key(RENTERS[0])),
        domain="127.0.0.1:8080",
        uri="http://127.0.0.1:8080",
        chain_id=56,
        nonce="8fJ3kQpL0aZx1",
        timestamp=NOON,
        strict=True,
    )


def test_another_wallets_signature_is_not() -> None:
    with pytest.raises(siwe.InvalidSignature):
        siwe.SiweMessage.from_message(SIGN_IN.text).verify(sign(SIGN_IN.text, private_key(RENTERS[1])), timestamp=NOON)
