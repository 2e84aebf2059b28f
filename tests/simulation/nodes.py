"""
An honest node: the answer to one JSON-RPC call, from a view of the chain and within what this node can do.

Its limits are its own for good and no fault: how wide a range it takes, how far back it remembers, whether it cuts off
silently at its head. Faults are added by `faults`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from models.values import show_bytes
from tests.simulation import texts
from tests.simulation.blockchain import Block, Blockchain, Json, View

INVALID, UNSUPPORTED, REFUSED = -32602, -32601, -32000


class Refusal(Exception):
    """An error object instead of a result."""

    def __init__(self, message: str, code: int = REFUSED, data: Any = None) -> None:
        super().__init__(message)
        self.wire = {"code": code, "message": message, **({"data": data} if data else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a node can and cannot do. `range_text` is how it refuses a range, with a number or without."""

    range_max: int = 1_000_000
    range_text: str = texts.TOO_MUCH[0]
    logs_max: int = 1_000_000
    remembers: int = 1_000_000
    topics_max: int = 100
    has_logs: bool = True
    has_receipts: bool = True
    cuts_off: bool = False
    says_removed: bool = True
    dates_logs: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """One node at one moment."""

    chain: Blockchain
    view: View
    traits: Traits
    dice: Random

    def answer(self, method: str, parameters: list[Any]) -> Any:
        """Return the result of a call. Raises `Refusal`."""
        known = METHODS.get(method)
        if known is None:
            raise Refusal(f"the method {method} does not exist/is not available", UNSUPPORTED)
        return known(self, *parameters)

    def block_by_number(self, name: str, _: bool = False) -> Json | None:
        """Answer `eth_getBlockByNumber`."""
        block = self._named(name)
        return block.wire_header if block else None

    def block_by_hash(self, block_hash: str, _: bool = False) -> Json | None:
        """Answer `eth_getBlockByHash`."""
        block = self._hashed(block_hash)
        return block.wire_header if block else None

    def logs(self, wanted: Json) -> list[Json]:
        """Answer `eth_getLogs`."""
        if not self.traits.has_logs:
            raise Refusal(texts.LOGS_SWITCHED_OFF, -32005)
        topics = wanted["topics"][0]
        if isinstance(topics, list) and len(topics) > self.traits.topics_max:
            raise Refusal(texts.TOO_MANY_TOPICS[0], INVALID)
        if "blockHash" in wanted:
            blocks = [self._whole(wanted["blockHash"])]
        else:
            blocks = self._range(int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16))
        found = [log for block in blocks for log in block.wire_logs if matches(log, wanted["address"], topics)]
        if len(found) > self.traits.logs_max and len(blocks) > 1:
            raise Refusal(texts.TOO_MUCH[3])
        return [self._as_told(log) for log in found]

    def receipts(self, name: Any) -> list[Json] | None:
        """Answer `eth_getBlockReceipts`."""
        if not self.traits.has_receipts:
            raise Refusal("the method eth_getBlockReceipts does not exist/is not available", UNSUPPORTED)
        name = name["blockHash"] if isinstance(name, dict) else name
        block = self._hashed(name) if len(name) == 66 else self._named(name)
        if block is None:
            return None
        self._remember(block.number)
        return receipts_of(block)

    def _as_told(self, log: Json) -> Json:
        hidden = {name for name, is_told in (("removed", self.traits.says_removed),) if not is_told}
        if not self.traits.dates_logs:
            hidden.add("blockTimestamp")
        return {name: value for name, value in log.items() if name not in hidden}

    def _range(self, first: int, last: int) -> list[Block]:
        self._remember(first)
        if last - first + 1 > self.traits.range_max:
            limit = self.traits.range_max
            raise Refusal(self.traits.range_text.format(limit=limit, first=first, last=first + limit - 1), INVALID)
        if last > self.view.head.number and not self.traits.cuts_off:
            raise Refusal(texts.HEAD_OR_FORK[0], REFUSED)
        found = [self.view.at(number) for number in range(first, min(last, self.view.head.number) + 1)]
        return [block for block in found if block is not None]

    def _whole(self, block_hash: str) -> Block:
        block = self._hashed(block_hash)
        if block is None:
            raise Refusal(self.dice.choice(("unknown block", "header not found", "hash is not currently canonical")))
        self._remember(block.number)
        return block

    def _remember(self, number: int) -> None:
        if number <= self.view.head.number - self.traits.remembers:
            raise Refusal(texts.HISTORY_GONE[self.traits.remembers % len(texts.HISTORY_GONE)])

    def _hashed(self, block_hash: str) -> Block | None:
        block = self.chain.known.get(block_hash)
        return block if block and self.view.at(block.number) is block else None

    def _named(self, name: str) -> Block | None:
        match name:
            case "latest":
                return self.view.head
            case "finalized" | "safe":
                # The tag may run ahead of the head, where a balancer asks two nodes.
                return self.view.at(self.view.finalized) or self.chain.at(self.view.finalized)
            case "earliest":
                return self.view.genesis
            case _:
                return self.view.at(int(name, 16))


def matches(log: Json, address: str | list[str], topics: str | list[str] | None) -> bool:
    """Return whether a filter wants the log."""
    first = log["topics"][0] if log["topics"] else None
    return log["address"] in address and (topics is None or first in ([topics] if isinstance(topics, str) else topics))


def receipts_of(block: Block) -> list[Json]:
    """Return the receipts of a block, each with its logs."""
    receipts: dict[str, Json] = {}
    for log in block.wire_logs:
        own = {name: log[name] for name in ("transactionHash", "transactionIndex", "blockHash", "blockNumber")}
        receipts.setdefault(log["transactionHash"], {**own, "status": "0x1", "logs": []})["logs"].append(log)
    return list(receipts.values())


METHODS: Mapping[str, Callable[..., Any]] = {
    "eth_chainId": lambda node: hex(56 if node.chain.chain == "bsc" else 204),
    "eth_getCode": lambda node, address, _: "0x6080" if address == show_bytes(node.chain.contract) else "0x",
    "eth_getBlockByNumber": Node.block_by_number,
    "eth_getBlockByHash": Node.block_by_hash,
    "eth_getLogs": Node.logs,
    "eth_getBlockReceipts": Node.receipts,
}
