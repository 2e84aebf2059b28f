"""The JSON-RPC questions we ask, each with the type of its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from chain.wire import Header, RawLog, Receipt
from models.values import BlockRange, show_bytes

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """One question: method, parameters, and the type that msgspec decodes the result into."""

    method: str
    parameters: tuple[Any, ...]
    answer: type[Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which logs are ours: one contract's, with one of these first topics (lower-case hex)."""

    address: bytes
    topics: tuple[str, ...]

    @property
    def wire(self) -> dict[str, Any]:
        """Return the filter as `eth_getLogs` takes it, without its blocks."""
        return {"address": show_bytes(self.address), "topics": [list(self.topics)]}


def header(block: int | str) -> Call[Header | None]:
    """Ask for a header by number or tag (`latest`, `finalized`); None where the node has no such block."""
    name = hex(block) if isinstance(block, int) else block
    return Call("eth_getBlockByNumber", (name, False), Header | None)  # type: ignore[arg-type]  # A union is a type to msgspec.


def headers(numbers: Sequence[int]) -> list[Call[Header | None]]:
    """Ask for several headers by number."""
    return [header(number) for number in numbers]


def header_of(block_hash: str) -> Call[Header | None]:
    """Ask for a header by its hash; None where the node has no such block."""
    return Call("eth_getBlockByHash", (block_hash, False), Header | None)  # type: ignore[arg-type]  # As above.


def logs_in(blocks: BlockRange, ours: LogFilter) -> Call[list[RawLog]]:
    """
    Ask for our logs in a range of blocks.

    A node silently leaves out what is above its own head: ask for the last block's header in the same batch.
    """
    span = {"fromBlock": hex(blocks.first), "toBlock": hex(blocks.last)}
    return Call("eth_getLogs", ({**ours.wire, **span},), list[RawLog])


def logs_of(block_hash: str, ours: LogFilter) -> Call[list[RawLog]]:
    """Ask for our logs in one block by its hash: a node that does not have it says so."""
    return Call("eth_getLogs", ({**ours.wire, "blockHash": block_hash},), list[RawLog])


def receipts_of(block_hash: str) -> Call[list[Receipt] | None]:
    """Ask for the receipts of all transactions of a block by its hash; None where the node has no such block."""
    answer = list[Receipt] | None
    return Call("eth_getBlockReceipts", (block_hash,), answer)  # type: ignore[arg-type]  # As above.


def chain_id() -> Call[str]:
    """Ask for the chain id (hex)."""
    return Call("eth_chainId", (), str)


def code_at(address: bytes) -> Call[str]:
    """Ask for the code of an account at the newest block; `0x` where there is none."""
    return Call("eth_getCode", (show_bytes(address), "latest"), str)
