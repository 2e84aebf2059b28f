"""
Draw what the two contracts emit: plausible, sometimes hostile, and now and then not ours at all.

The hashes and shapes of the events are written down here a second time, and encoded by eth_abi: what the indexer
makes of a log is compared with the arguments it was made from, not with another reading by our own code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any

from eth_abi.abi import encode

from models.values import ZERO_ADDRESS, Chain

UINT256_MAX = 2**256 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one event stands in a log: its first topic, and the types of its indexed and its other arguments."""

    topic0: bytes
    indexed: tuple[str, ...]
    data: tuple[str, ...]


def _shape(topic0: str, indexed: tuple[str, ...], data: tuple[str, ...] = ()) -> Shape:
    return Shape(topic0=bytes.fromhex(topic0), indexed=indexed, data=data)


# A string travels like bytes, and what is no UTF-8 is legal in it.
SHAPES: Mapping[str, Shape] = {
    "JobCreated": _shape(
        "d4308b56cdccee295e288de7c02585786d44894362fac012f3053072b5257c6a",
        ("bytes32", "address", "address"),
        ("uint256",),
    ),
    "JobConfirmed": _shape(
        "8cc5b2bb3811643c5e58483c7be26e57579a2dae8738acac65d28bfc9ef9342a", ("bytes32",), ("uint256",)
    ),
    "PaymentClaimed": _shape(
        "009aa28285e2f2f93f61312a2c375d49710858b14618190f383029b03c6ec3f4", ("bytes32", "address"), ("uint256",)
    ),
    "NodeRegistered": _shape(
        "6f3c990a2f665f94ed1db0af40275bedd4d3d025f541e2c77112281fbee63600", ("address",), ("bytes", "uint256")
    ),
    "NodeHeartbeat": _shape(
        "0f1ef8be219b2bb5e8b630cb970a8ac2b44c0f8a3a3db371d8a653e50af49a11", ("address",), ("uint256",)
    ),
    "JobCountIncremented": _shape(
        "f0b433b19371a783f4bfbaf7c118079db6c086603cd0c6ba2b6478c955b8b963", ("address",), ("uint256",)
    ),
    "OwnershipTransferred": _shape(
        "8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0", ("address", "address")
    ),
}

TEXTS = (b"NVIDIA RTX 4090", b"", b"A100\x00\x01", b"\xff\xfe\xc3", "Ω ".encode() * 90, b"x" * 20_000, b"\xf0\x9f\x8e")
FOREIGN_TOPIC = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
"""`Transfer` of a token: the most common log of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emission:
    """
    A log before it is in a block. `event` is empty for what is not ours.

    `transaction` is the hash of the transaction it is of, where somebody signed one; else the block makes one up.
    """

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    event: str = ""
    arguments: tuple[Any, ...] = ()
    transaction: bytes | None = None


@lru_cache(maxsize=4096)
def padded(kind: str, value: Any) -> bytes:
    """Return a topic."""
    return encode([kind], [value])


def emit(address: bytes, event: str, *arguments: Any) -> Emission:
    """Return the log of an event; its arguments stand as in the ABI, those that are indexed first."""
    shape = SHAPES[event]
    indexed = arguments[: len(shape.indexed)]
    topics = [padded(kind, value) for kind, value in zip(shape.indexed, indexed, strict=True)]
    data = encode(shape.data, arguments[len(indexed) :])
    return Emission(address=address, topics=(shape.topic0, *topics), data=data, event=event, arguments=arguments)


@dataclass(slots=True)
class Market:
    """Whoever acts on one chain: a few accounts and jobs, so that they meet again and again; `never` is not emitted."""

    chain: Chain
    contract: bytes
    dice: Random
    never: frozenset[str] = frozenset()
    accounts: list[bytes] = field(init=False)
    jobs: list[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.accounts = [self.dice.randbytes(20) for _ in range(8)]
        self.jobs = [self.dice.randbytes(32) for _ in range(30)]

    def block(self, seconds: int) -> list[Emission]:
        """Draw the logs of a block, most of which have none or few of ours."""
        ours = self.dice.choice((0, 0, 0, 1, 1, 2, 5))
        foreign = self.dice.choice((0, 0, 1, 2))
        logs = [self._ours(seconds) for _ in range(ours)] + [self._foreign(seconds) for _ in range(foreign)]
        self.dice.shuffle(logs)
        return logs

    def _ours(self, seconds: int) -> Emission:
        draws = _JOB_EVENTS if self.chain is Chain.BSC else _NODE_EVENTS
        event = self.dice.choice(tuple(each for each in draws if each not in self.never))
        return emit(self.contract, event, *draws[event](self, seconds))

    def _foreign(self, seconds: int) -> Emission:
        """Draw a log that shares an address or a topic with ours, or nothing."""
        ours = self._ours(seconds)
        stranger = self.dice.choice(self.accounts)
        return self.dice.choice(
            (
                Emission(address=stranger, topics=ours.topics, data=ours.data),
                Emission(address=self.contract, topics=(FOREIGN_TOPIC, *ours.topics[1:]), data=ours.data),
                Emission(address=stranger, topics=(FOREIGN_TOPIC,), data=b""),
                Emission(address=self.contract, topics=(), data=b"\x01"),
            )
        )

    def account(self) -> bytes:
        """Draw somebody."""
        return self.dice.choice(self.accounts)

    def job(self) -> bytes:
        """Draw a job id, used or not."""
        return self.dice.choice(self.jobs)

    def amount(self) -> int:
        """Draw a number of wei."""
        return self.dice.choice((0, 1, 10**18, self.dice.getrandbits(80), UINT256_MAX))


Draw = Callable[[Market, int], tuple[Any, ...]]

_JOB_EVENTS: Mapping[str, Draw] = {
    "JobCreated": lambda market, _: (
        market.job(),
        market.account(),
        market.dice.choice((market.account(), ZERO_ADDRESS)),
        market.amount(),
    ),
    "JobConfirmed": lambda market, seconds: (market.job(), seconds),
    "PaymentClaimed": lambda market, _: (market.job(), market.account(), market.amount()),
}
_NODE_EVENTS: Mapping[str, Draw] = {
    "NodeRegistered": lambda market, _: (
        market.account(),
        market.dice.choice(TEXTS),
        market.dice.choice((24564, 0, 2**31, UINT256_MAX)),
    ),
    "NodeHeartbeat": lambda market, seconds: (market.account(), seconds),
    "JobCountIncremented": lambda market, _: (market.account(), market.dice.choice((1, 2, 3, 2**40, UINT256_MAX))),
    "OwnershipTransferred": lambda market, _: (market.account(), market.account()),
}
