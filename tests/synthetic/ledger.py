"""
What happens on the synthetic chains: the events of a block follow from its number, and nothing else.

On BSC each block creates jobs; those of some blocks before are confirmed (two of three) and claimed (one of three).
On opBNB providers register in the first blocks, then beat and are credited in turn; now and then one registers again,
and the contract changes hands.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from models.values import Chain

CONFIRMED_AFTER, CLAIMED_AFTER = 5, 9
PROVIDERS = 1_000
RENTERS = 5_000
REGISTERED_AGAIN_EVERY = 50
OWNER_CHANGES_EVERY = 500
BEATS_FOR_A_CREDIT = 4

Event = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """One chain: blocks from 1 to `blocks`, each with about `density` events."""

    chain: Chain
    blocks: int
    density: int

    def events(self, number: int) -> list[Event]:
        """Return the events of a block, by the name and arguments of the ABI, in the order of their log index."""
        if not 1 <= number <= self.blocks:
            return []
        return list(EVENTS[self.chain](number, self.density))


def _job_manager(number: int, density: int) -> Iterator[Event]:
    for job in _jobs_of(number, density):
        yield "JobCreated", (job_id(job), renter(job), provider(job), payment(job))
    for job in _jobs_of(number - CONFIRMED_AFTER, density):
        if job % 3:
            yield "JobConfirmed", (job_id(job), number)
    for job in _jobs_of(number - CLAIMED_AFTER, density):
        if job % 3 == 1:
            yield "PaymentClaimed", (job_id(job), provider(job), payment(job))


def _jobs_of(number: int, density: int) -> range:
    each = max(1, density // 2)
    return range(number * each, (number + 1) * each) if number >= 1 else range(0)


def _node_reputation(number: int, density: int) -> Iterator[Event]:
    for each in range((number - 1) * density, min(number * density, PROVIDERS)):
        yield "NodeRegistered", (provider(each), b"GPU %d" % (each % 7), 1_000 + each)
    if number * density <= PROVIDERS:
        return
    for each in range(number * density, (number + 1) * density):
        if each % BEATS_FOR_A_CREDIT:
            yield "NodeHeartbeat", (provider(each), number)
        else:
            yield "JobCountIncremented", (provider(each), each)
    if number % REGISTERED_AGAIN_EVERY == 0:
        yield "NodeRegistered", (provider(number), b"GPU again", number)
    if number % OWNER_CHANGES_EVERY == 0:
        yield "OwnershipTransferred", (provider(number), provider(number + 1))


EVENTS: dict[Chain, Callable[[int, int], Iterator[Event]]] = {Chain.BSC: _job_manager, Chain.OPBNB: _node_reputation}


def job_id(job: int) -> bytes:
    """Return the id of a job: spread over all values, as renters' are."""
    return sha256(b"job %d" % job).digest()


def payment(job: int) -> int:
    """Return what a job costs; more than 64 bits hold."""
    return (job + 1) << 64


@lru_cache(maxsize=RENTERS + PROVIDERS)
def _address(kind: bytes, each: int) -> bytes:
    return sha256(b"%s %d" % (kind, each)).digest()[:20]


def renter(job: int) -> bytes:
    """Return who created a job."""
    return _address(b"renter", job % RENTERS)


def provider(each: int) -> bytes:
    """Return one of the providers."""
    return _address(b"provider", each % PROVIDERS)
