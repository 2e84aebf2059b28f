"""
Sign transactions for one account.

A `Signer` is whatever can: here one that holds the key itself, from a text or from an encrypted keystore. The key
lives in that object and nowhere else: it is in no representation, no error and no log. Nonces, fees and sending are
left to others.
"""

from dataclasses import dataclass
from typing import Protocol

from eth_account import Account

from models.values import Fees, checksum_address, parse_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A call of a contract that is still to be signed."""

    chain_id: int
    nonce: int
    to: bytes
    data: bytes
    gas: int
    fees: Fees


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signed transaction: the bytes to send, and the hash the chain will know it by."""

    hash: bytes
    raw: bytes


class WrongKey(ValueError):
    """The text is not a private key; it is not repeated in the message."""


class WrongPassword(ValueError):
    """The keystore does not open, or is none; neither it nor the password is repeated in the message."""


class Signer(Protocol):
    """One account that can sign."""

    @property
    def address(self) -> bytes:
        """Return the account's address."""
        ...

    def sign(self, transaction: Transaction) -> Signed:
        """Return the transaction signed; the same transaction gives the same bytes."""
        ...


class KeySigner:
    """An account whose key is at hand."""

    def __init__(self, private_key: str | bytes) -> None:
        """Take a key of 32 bytes, or of 64 hex digits with or without 0x. Raises `WrongKey`."""
        try:
            key = private_key if isinstance(private_key, bytes) else private_key.strip().removeprefix("0x")
            self._account = Account.from_key(key)
        except Exception:
            # Whatever the library says could hold the key.
            raise WrongKey("expected a private key: 64 hex digits, with or without 0x") from None
        self.address = parse_address(self._account.address)

    @classmethod
    def from_keystore(cls, keystore: str, password: str) -> "KeySigner":
        """Return the signer of an encrypted keystore (version 3, JSON); it takes a second. Raises `WrongPassword`."""
        try:
            return cls(bytes(Account.decrypt(keystore, password)))
        except Exception:
            # As above.
            raise WrongPassword("the keystore does not open: wrong password, or no keystore of version 3") from None

    def __repr__(self) -> str:
        return f"KeySigner({checksum_address(self.address)})"

    def sign(self, transaction: Transaction) -> Signed:
        """Return the transaction signed; the same transaction gives the same bytes."""
        signed = self._account.sign_transaction(
            {
                "type": 2,
                "chainId": transaction.chain_id,
                "nonce": transaction.nonce,
                "to": checksum_address(transaction.to),
                "value": 0,
                "data": transaction.data,
                "gas": transaction.gas,
                "maxFeePerGas": transaction.fees.max_wei,
                "maxPriorityFeePerGas": transaction.fees.priority_wei,
            }
        )
        return Signed(hash=bytes(signed.hash), raw=bytes(signed.raw_transaction))
