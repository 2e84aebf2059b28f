"""A signer signs, and keeps its key to itself."""

import traceback

import pytest

from chain.signer import KeySigner, Transaction, WrongKey
from models.values import Fees

# Anvil's first account, public in its documentation.
KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"


def transaction(nonce: int) -> Transaction:
    """Return a transaction that differs by its nonce."""
    fees = Fees(max_wei=2_000_000, priority_wei=1_001)
    return Transaction(chain_id=204, nonce=nonce, to=bytes(20), data=b"\1", gas=50_000, fees=fees)


def test_the_same_transaction_gives_the_same_bytes() -> None:
    """What is sent again after a crash is what was sent before it."""
    assert KeySigner(KEY).sign(transaction(7)) == KeySigner("0x" + KEY).sign(transaction(7))
    assert KeySigner(KEY).sign(transaction(7)).hash != KeySigner(KEY).sign(transaction(8)).hash


def test_the_key_is_in_no_representation() -> None:
    """Neither repr nor str shows it."""
    signer = KeySigner(KEY)

    assert KEY not in repr(signer) + str(signer)
    assert "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266" in repr(signer)


@pytest.mark.parametrize("text", ["", "0x12", KEY[:-1] + "g", KEY + "00"])
def test_a_wrong_key_is_refused_without_repeating_it(text: str) -> None:
    """The error says what was expected; no traceback of it holds the text."""
    with pytest.raises(WrongKey) as caught:
        KeySigner(text)

    shown = "".join(traceback.format_exception(caught.value))
    assert "64 hex digits" in shown
    assert not text or text not in shown
