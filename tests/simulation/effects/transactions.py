"""Signed transactions as a node reads them: from the bytes alone, and the signer from the signature."""

from dataclasses import dataclass
from functools import lru_cache

from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_hash.auto import keccak
from hexbytes import HexBytes

INCREMENT_JOBS = bytes.fromhex("7ebcd727")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTransaction:
    """One transaction of type 2, by whoever signed it."""

    hash: bytes
    sender: bytes
    chain_id: int
    nonce: int
    to: bytes
    data: bytes
    value: int
    gas: int
    max_fee: int
    priority_fee: int

    @property
    def provider(self) -> bytes | None:
        """Whom it credits, if it calls `incrementJobs`."""
        return self.data[16:36] if self.data[:4] == INCREMENT_JOBS and len(self.data) == 36 else None

    @property
    def is_transfer_of_nothing(self) -> bool:
        """Say whether it changes nothing but the sender's nonce."""
        return self.to == self.sender and not self.value and not self.data

    @property
    def place(self) -> tuple[bytes, int]:
        """The sender and the nonce: of those that share it, one can be mined."""
        return self.sender, self.nonce


@lru_cache(maxsize=65_536)
def decode(raw: bytes) -> SignedTransaction:
    """Return what the bytes of `eth_sendRawTransaction` say."""
    said = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    return SignedTransaction(
        hash=keccak(raw),
        sender=bytes.fromhex(Account.recover_transaction(raw)[2:]),
        chain_id=said["chainId"],
        nonce=said["nonce"],
        to=bytes(said["to"]),
        data=bytes(said["data"]),
        value=said["value"],
        gas=said["gas"],
        max_fee=said["maxFeePerGas"],
        priority_fee=said["maxPriorityFeePerGas"],
    )
