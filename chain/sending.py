"""
Decide what an endpoint's answer to `eth_sendRawTransaction` means for the transaction.

A transaction that may have been accepted was accepted, as far as we act on it: only the chain can say otherwise. The
order of the table is the order of the tests; `unknown transaction` must not pass for `known transaction`.
"""

from enum import Enum


class Answer(Enum):
    """What an endpoint made of a signed transaction."""

    TAKEN = "it is in the pool, now or already"
    PERHAPS_TAKEN = "nobody knows: send the same bytes again"
    NONCE_USED = "another transaction, or this one, has used the nonce"
    NONCE_AHEAD = "an earlier nonce is missing"
    UNDERPRICED = "raise both fees on the same nonce"
    NO_MONEY = "the account cannot pay for it"
    BUSY = "the pool takes no more now"
    REFUSED = "it will never be taken as it is"


_TEXTS: tuple[tuple[str, Answer], ...] = (
    ("unknown transaction", Answer.REFUSED),
    ("already known", Answer.TAKEN),
    ("known transaction", Answer.TAKEN),
    ("already imported", Answer.TAKEN),
    ("nonce too low", Answer.NONCE_USED),
    ("nonce too high", Answer.NONCE_AHEAD),
    ("replacement transaction underpriced", Answer.UNDERPRICED),
    ("transaction underpriced", Answer.UNDERPRICED),
    ("max fee per gas less than block base fee", Answer.UNDERPRICED),
    ("insufficient funds for gas", Answer.NO_MONEY),
    ("intrinsic gas too low", Answer.REFUSED),
    ("exceeds block gas limit", Answer.REFUSED),
    ("invalid sender", Answer.REFUSED),
    ("txpool is full", Answer.BUSY),
    ("account limit exceeded", Answer.BUSY),
)


def answer_of(message: str) -> Answer:
    """Return what an error text means; one that nobody has seen means perhaps taken, for that loses nothing."""
    text = message.lower()
    return next((answer for phrase, answer in _TEXTS if phrase in text), Answer.PERHAPS_TAKEN)
