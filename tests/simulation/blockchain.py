"""
A simulated chain: it mines, forks, reorganises, and keeps the branches it left.

    0 … first ── first+1 ── … ── finalized ── … ── head         the canonical chain
                                     └── o ── o ── o ──         an orphaned branch: some endpoints still answer from it

Hashes are of the content and its parent's hash, blooms of every log in the block whoever emitted it. Finality trails
the head and stalls now and then; it never goes back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from random import Random
from typing import Any

from eth_hash.auto import keccak

from models.values import Chain, show_bytes
from tests.simulation.database import EPOCH
from tests.simulation.events import Emission, Market

Json = dict[str, Any]
DAY = 86_400.0
RIVAL_PACE = 0.9
"""How fast the branch that was left last grows on: there are nodes that do not know yet."""


@lru_cache(maxsize=65_536)
def bloom_of(value: bytes) -> int:
    """Return the three bits that an address or a topic sets in a block's bloom."""
    digest = keccak(value)
    return sum({1 << (int.from_bytes(digest[at : at + 2], "big") % 2048) for at in (0, 2, 4)})


class Block:
    """One block, and how it looks on the wire."""

    def __init__(
        self,
        parent: "Block | None",
        *,
        number: int,
        time_ms: int,
        logs: Sequence[Emission],
        salt: bytes,
        has_milliseconds: bool = False,
    ) -> None:
        self.number = number
        self.time_ms = time_ms if has_milliseconds else time_ms // 1000 * 1000
        self._has_milliseconds = has_milliseconds
        self.logs = tuple(logs)
        self.parent_hash: bytes = parent.hash if parent else bytes(32)
        self.parent = parent
        content = repr((number, time_ms, [(log.address, log.topics, log.data) for log in self.logs])).encode()
        self.hash: bytes = keccak(self.parent_hash + salt + content)

    def __repr__(self) -> str:
        return f"{self.number}:{self.hash[:3].hex()}"

    @cached_property
    def bloom(self) -> int:
        """The filter over every address and topic in the block."""
        bits = 0
        for log in self.logs:
            for value in (log.address, *log.topics):
                bits |= bloom_of(value)
        return bits

    def transaction(self, index: int) -> bytes:
        """Return the hash of the transaction that a log is of; two made-up ones that stand together share one."""
        return self.logs[index].transaction or keccak(self.hash + bytes([index // 2]))

    def place(self, index: int) -> int:
        """Return the index of the transaction that a log is of; those that somebody signed have one log each."""
        return index if self.logs[index].transaction else index // 2

    @cached_property
    def wire_logs(self) -> list[Json]:
        """The logs as `eth_getLogs` gives them, unfiltered."""
        return [
            {
                "address": show_bytes(log.address),
                "topics": [show_bytes(topic) for topic in log.topics],
                "data": show_bytes(log.data),
                "blockNumber": hex(self.number),
                "blockHash": show_bytes(self.hash),
                "transactionHash": show_bytes(self.transaction(index)),
                "transactionIndex": hex(self.place(index)),
                "logIndex": hex(index),
                "removed": False,
                "blockTimestamp": hex(self.time_ms // 1000),
            }
            for index, log in enumerate(self.logs)
        ]

    @cached_property
    def wire_header(self) -> Json:
        """The block as `eth_getBlockByNumber` gives it, without transactions."""
        return {
            "number": hex(self.number),
            "hash": show_bytes(self.hash),
            "parentHash": show_bytes(self.parent_hash),
            "timestamp": hex(self.time_ms // 1000),
            **({"milliTimestamp": hex(self.time_ms)} if self._has_milliseconds else {}),
            "logsBloom": f"0x{self.bloom:0512x}",
            "extraData": "0x" + "d9" * 97,
            "transactions": [],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A chain as one node has it at one moment: genesis, and the blocks from `first` to its head."""

    genesis: Block
    blocks: Sequence[Block]
    finalized: int

    @property
    def head(self) -> Block:
        return self.blocks[-1]

    def at(self, number: int) -> Block | None:
        """Return the block of a height, or None."""
        index = number - self.blocks[0].number
        if 0 <= index < len(self.blocks):
            return self.blocks[index]
        return self.genesis if number == 0 else None


class Blockchain:
    """The whole truth about one chain."""

    def __init__(
        self,
        chain: Chain,
        *,
        contract: bytes,
        first: int,
        finality_lag: int,
        dice: Random,
        has_milliseconds: bool = True,
    ) -> None:
        self.chain = chain
        self.contract = contract
        self.interval_ms = 450 if chain is Chain.BSC else 250
        self.finality_lag = finality_lag
        self.finality_stalls = False
        self._dice = dice
        self._has_milliseconds = has_milliseconds
        self._market = Market(chain, contract, dice)
        self.known: dict[str, Block] = {}
        self.genesis = Block(None, number=0, time_ms=0, logs=(), salt=chain.encode())
        start = (
            self.genesis if first == 0 else Block(None, number=first, time_ms=self._now(-DAY), logs=(), salt=b"start")
        )
        self.canonical = [start]
        self.known |= {show_bytes(block.hash): block for block in (self.genesis, start)}
        self.orphans: list[list[Block]] = []
        self.finalized = first
        self.reorgs: list[int] = []

    @property
    def head(self) -> Block:
        """The newest block."""
        return self.canonical[-1]

    def mine(self, now: float) -> Block:
        """Add a block to the canonical chain, mostly one to the branch it left last, and let finality follow."""
        if self.orphans and self._dice.random() < RIVAL_PACE:
            self.orphans[-1].append(self._next_to(self.orphans[-1][-1], now))
        block = self._next_to(self.head, now)
        self.canonical.append(block)
        if not self.finality_stalls:
            self.finalize(self.finality_lag)
        return block

    def finalize(self, lag: int) -> None:
        """Make final all that is so many blocks below the head."""
        self.finalized = max(self.finalized, self.head.number - lag)

    def reorganise(self, *, depth: int, growth: int, now: float) -> None:
        """Replace the newest `depth` blocks by `depth + growth` others, and keep those that were."""
        self.orphans = [*self.orphans[-3:], list(self.canonical)]
        self.reorgs.append(depth)
        del self.canonical[-depth:]
        for _ in range(depth + growth):
            self.canonical.append(self._next_to(self.head, now))

    def depth_max(self) -> int:
        """Return how many blocks the chain may give up without undoing a final one."""
        return self.head.number - self.finalized

    def at(self, number: int) -> Block | None:
        """Return the canonical block of a height, or None."""
        return self.view().at(number)

    def view(self, *, behind: int = 0) -> View:
        """Return what an honest node has that is some blocks behind; the first block it has always."""
        blocks = self.canonical[: max(1, len(self.canonical) - behind)]
        return View(genesis=self.genesis, blocks=blocks, finalized=min(self.finalized, blocks[-1].number))

    def orphaned_view(self, which: int) -> View:
        """Return what a node has that stayed on a branch the chain has left; an honest view where there is none."""
        if not self.orphans:
            return self.view()
        blocks = self.orphans[-1 - which % len(self.orphans)]
        together = [ours for ours, theirs in zip(self.canonical, blocks, strict=False) if ours is theirs]
        return View(genesis=self.genesis, blocks=blocks, finalized=min(self.finalized, together[-1].number))

    def _next_to(self, parent: Block, now: float) -> Block:
        time_ms = max(parent.time_ms + 1, self._now(now))
        logs = self._logs_after(parent, time_ms // 1000)
        block = Block(
            parent,
            number=parent.number + 1,
            time_ms=time_ms,
            logs=logs,
            salt=self._dice.randbytes(4),
            has_milliseconds=self._has_milliseconds,
        )
        self.known[show_bytes(block.hash)] = block
        return block

    def _logs_after(self, parent: Block, seconds: int) -> Sequence[Emission]:  # noqa: ARG002
        """Draw the logs of a block after `parent`."""
        return self._market.block(seconds)

    def _now(self, now: float) -> int:
        return round((EPOCH.timestamp() + now) * 1000)
