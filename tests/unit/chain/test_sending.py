"""What endpoints say of a signed transaction, and what it means for it."""

import pytest

from chain.sending import Answer, answer_of


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("already known", Answer.TAKEN),
        ("known transaction: 0xab", Answer.TAKEN),
        ("transaction already imported", Answer.TAKEN),
        ("unknown transaction type", Answer.REFUSED),
        ("nonce too low: next nonce 5, tx nonce 4", Answer.NONCE_USED),
        ("nonce too high", Answer.NONCE_AHEAD),
        ("replacement transaction underpriced", Answer.UNDERPRICED),
        ("transaction underpriced", Answer.UNDERPRICED),
        ("max fee per gas less than block base fee", Answer.UNDERPRICED),
        ("insufficient funds for gas * price + value", Answer.NO_MONEY),
        ("intrinsic gas too low", Answer.REFUSED),
        ("exceeds block gas limit", Answer.REFUSED),
        ("invalid sender", Answer.REFUSED),
        ("txpool is full", Answer.BUSY),
        ("account limit exceeded", Answer.BUSY),
        ("127.0.0.1:8545: TimeoutError", Answer.PERHAPS_TAKEN),
        ("HTTP 502 Bad Gateway", Answer.PERHAPS_TAKEN),
        ("something nobody has seen", Answer.PERHAPS_TAKEN),
    ],
)
def test_an_answer_is_told_by_its_text(message: str, expected: Answer) -> None:
    """Whatever leaves it open whether the transaction was taken counts as taken."""
    assert expected == answer_of(message)
    assert expected == answer_of(message.upper())
