"""
Sign transactions with one account's key.

The key lives in this object and nowhere else: it is in no representation, no error and no log. Nonces, fees and
sending are left to others.
"""

from dataclasses import dataclass

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


class Signer:
    """One account that can sign."""

    def __init__(self, private_key: str) -> None:
        """Take a key of 64 hex digits, with or without 0x. Raises `WrongKey`."""
        try:
            self._account = Account.from_key(private_key.removeprefix("0x"))
        except Exception:
            # Whatever the library says could hold the key.
            raise WrongKey("expected a private key: 64 hex digits, with or without 0x") from None
        self.address = parse_address(self._account.address)

    def __repr__(self) -> str:
        return f"Signer({checksum_address(self.address)})"

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
