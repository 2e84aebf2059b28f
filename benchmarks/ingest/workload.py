"""
Two made-up chains: the events of a block follow from its number, and nothing else.

    1 … empty             blocks without logs
    empty + 1 … blocks    five logs each

On BSC each block creates two jobs, confirms two of five blocks ago, and one of nine blocks ago is claimed. On opBNB
providers register in the first blocks; then each block has four heartbeats and a credit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from typing import Any

from models.values import Chain

LOGS_PER_BLOCK = 5
CONFIRMED_AFTER, CLAIMED_AFTER = 5, 9
PROVIDERS = 1_000
RENTERS = 5_000
BEGAN_AT_MS = 1_700_000_000_000
CHAIN_IDS = {Chain.BSC: 56, Chain.OPBNB: 204}
CONTRACTS = {Chain.BSC: b"\xb5" * 20, Chain.OPBNB: b"\x0b" * 20}
BLOCK_MS = {Chain.BSC: 450, Chain.OPBNB: 250}

Event = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One chain: `empty` blocks without logs and then blocks with five each, up to `blocks`."""

    chain: Chain
    blocks: int
    empty: int = 0

    def events(self, number: int) -> list[Event]:
        """Return the events of a block, by the name and arguments of the ABI, in the order of their log index."""
        return EVENTS[self.chain](number - self.empty) if self.empty < number <= self.blocks else []

    def time_ms(self, number: int) -> int:
        """Return the block time in milliseconds since 1970; whole seconds, so that no header is needed to tell it."""
        return BEGAN_AT_MS + number * BLOCK_MS[self.chain] // 1000 * 1000


def _job_manager(number: int) -> list[Event]:
    jobs = [2 * number, 2 * number + 1]
    events: list[Event] = []
    if number > CONFIRMED_AFTER:
        events += [("JobConfirmed", (job_id(job - 2 * CONFIRMED_AFTER), number)) for job in jobs]
    if number > CLAIMED_AFTER:
        claimed = 2 * (number - CLAIMED_AFTER)
        events.append(("PaymentClaimed", (job_id(claimed), provider(claimed), payment(claimed))))
    # The first blocks have nothing to confirm yet: they create more, under numbers that nobody confirms.
    jobs += [-LOGS_PER_BLOCK * number - place for place in range(LOGS_PER_BLOCK - len(jobs) - len(events))]
    return [("JobCreated", (job_id(job), renter(job), provider(job), payment(job))) for job in jobs] + events


def _node_reputation(number: int) -> list[Event]:
    turns = range(LOGS_PER_BLOCK * (number - 1), LOGS_PER_BLOCK * number)
    if number * LOGS_PER_BLOCK <= PROVIDERS:
        return [("NodeRegistered", (provider(turn), b"GPU %d" % (turn % 7), 8_192 + turn)) for turn in turns]
    beats: list[Event] = [("NodeHeartbeat", (provider(turn), BEGAN_AT_MS // 1000 + number)) for turn in turns[:-1]]
    return [*beats, ("JobCountIncremented", (provider(number), number // PROVIDERS + 1))]


EVENTS: dict[Chain, Callable[[int], list[Event]]] = {Chain.BSC: _job_manager, Chain.OPBNB: _node_reputation}


@lru_cache(maxsize=64)
def job_id(job: int) -> bytes:
    """Return the id of a job: spread over all values, as renters' are."""
    return sha256(b"job %d" % job).digest()


def payment(job: int) -> int:
    """Return what a job costs; more than 64 bits hold."""
    return (abs(job) + 1) << 64


@cache
def _address(kind: bytes, each: int) -> bytes:
    return sha256(b"%s %d" % (kind, each)).digest()[:20]


def renter(job: int) -> bytes:
    """Return who created a job."""
    return _address(b"renter", job % RENTERS)


def provider(each: int) -> bytes:
    """Return one of the providers."""
    return _address(b"provider", each % PROVIDERS)
