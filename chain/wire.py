"""
The shapes of JSON-RPC answers, as the endpoints write them.

Fields keep the hex text of the wire, because most of it is compared or passed on and never needed as a number:
decoding an answer costs no conversions. The properties convert one value when somebody asks for it, and cannot
fail: a text that is no number or no hash of ours does not pass the decoder. What an answer means, and whether it may
be believed, is judged elsewhere.
"""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

Hash = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{64}\Z")]
Bloom = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{512}\Z")]
# No wider than the columns they go into, and than the years that a date can have.
BlockNumber = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{1,15}\Z")]
LogIndex = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{1,7}\Z")]
Seconds = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{1,9}\Z")]
Milliseconds = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{1,11}\Z")]
Address = Annotated[str, Meta(pattern=r"^0x[0-9a-fA-F]{40}\Z")]
# A call of an account without code answers no digits at all.
Number = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{0,64}\Z")]


class Header(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """The part of `eth_getBlockByNumber` and `eth_getBlockByHash` that links and dates a block."""

    number: BlockNumber
    hash: Hash
    parent_hash: Hash
    timestamp: Seconds
    logs_bloom: Bloom
    # BSC and opBNB date blocks to the millisecond in a field of their own; other chains leave it out.
    milli_timestamp: Milliseconds | None = None

    @property
    def height(self) -> int:
        """Return the block number."""
        return int(self.number, 16)

    @property
    def time_ms(self) -> int:
        """Return the block time in milliseconds since 1970."""
        if self.milli_timestamp is not None:
            return int(self.milli_timestamp, 16)
        return int(self.timestamp, 16) * 1000

    @property
    def time(self) -> datetime:
        """Return the block time in UTC, exact to the millisecond where the chain tells it."""
        seconds, milliseconds = divmod(self.time_ms, 1000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)

    @property
    def hash_bytes(self) -> bytes:
        """Return the block's hash as 32 bytes."""
        return bytes.fromhex(self.hash[2:])

    @property
    def parent_hash_bytes(self) -> bytes:
        """Return the parent's hash as 32 bytes."""
        return bytes.fromhex(self.parent_hash[2:])

    @property
    def bloom_bytes(self) -> bytes:
        """Return the bloom filter of the block's logs as 256 bytes."""
        return bytes.fromhex(self.logs_bloom[2:])


class RawLog(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """One element of `eth_getLogs`, not decoded."""

    address: str
    topics: list[str]
    data: str
    block_number: BlockNumber
    block_hash: Hash
    transaction_hash: Hash
    log_index: LogIndex
    # Some endpoints leave out "removed"; absent means false.
    removed: bool = False
    block_timestamp: Seconds | None = None

    @property
    def height(self) -> int:
        """Return the number of the block the log is in."""
        return int(self.block_number, 16)

    @property
    def index(self) -> int:
        """Return the log's position in its block."""
        return int(self.log_index, 16)

    @property
    def position(self) -> tuple[int, int]:
        """Return what orders logs on one chain: block number, then log index."""
        return self.height, self.index

    @property
    def address_bytes(self) -> bytes:
        """Return the emitting contract's address as 20 bytes."""
        return bytes.fromhex(self.address[2:])

    @property
    def block_hash_bytes(self) -> bytes:
        """Return the hash of the block as 32 bytes."""
        return bytes.fromhex(self.block_hash[2:])

    @property
    def transaction_hash_bytes(self) -> bytes:
        """Return the hash of the transaction as 32 bytes."""
        return bytes.fromhex(self.transaction_hash[2:])


class Mined(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """The part of `eth_getTransactionReceipt` that says where a transaction was mined, and whether it went through."""

    block_number: BlockNumber
    block_hash: Hash
    status: Number


class Sent(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The part of `eth_getTransactionByHash` that says whose transaction it is."""

    sender: Address = msgspec.field(name="from")
    nonce: Number


class Receipt(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """The part of one element of `eth_getBlockReceipts` that holds the logs of a transaction, whoever emitted them."""

    block_hash: Hash
    logs: list[RawLog]
