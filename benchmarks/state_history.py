"""
A history of both chains of any length, as segments to commit: nothing is random, two of one length are equal.

    BSC      in each block two jobs are created, two of five blocks ago confirmed, one of nine blocks ago is claimed
    opBNB    every provider registers once, then there are four heartbeats in each block, and a credit

Half of the events are on either chain, five in each block.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

from chain.wire import Header
from indexer.values import Cursor, Facts, Followed, Segment, Tip
from models.values import BlockId, Chain, ProofLevel

BEGAN_AT = datetime(2026, 8, 1, tzinfo=UTC)
BEGAN_BLOCK = 60_000_000
BLOCK_SECONDS = {Chain.BSC: 0.45, Chain.OPBNB: 0.25}
CONTRACT = bytes.fromhex("22" * 20)
EVENTS_IN_BLOCK = 5
CONFIRMED_AFTER, CLAIMED_AFTER = 5, 9
RENTERS, PROVIDERS = 5_000, 1_000
FOLLOWED = {
    chain: Followed(chain=chain, chain_id=number, contract=CONTRACT, start_block=BEGAN_BLOCK + 1)
    for chain, number in ((Chain.BSC, 56), (Chain.OPBNB, 204))
}

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """So many events, half of them on each chain, and as many of them in a segment as `commit`."""

    events: int
    commit: int = 10_000

    def last(self, chain: Chain) -> Header:
        """Return the header of the last block of a chain."""
        return header(chain, BEGAN_BLOCK + self.events // 2 // EVENTS_IN_BLOCK)

    def rows(self, chain: Chain, first: int, end: int) -> Iterator[tuple[str, Row]]:
        """Yield the events of a chain from one number to before another, each as its table and row."""
        event = _of_job if chain is Chain.BSC else _of_provider
        for number in range(first, end):
            height, index = BEGAN_BLOCK + 1 + number // EVENTS_IN_BLOCK, number % EVENTS_IN_BLOCK
            table, arguments = event(*divmod(number, EVENTS_IN_BLOCK))
            place = (height, index, block_hash(chain, height), block_time(chain, height), word(chain, "log", number))
            yield table, place + arguments

    def segments(self, chain: Chain, start: Cursor) -> Iterator[Segment]:
        """Yield a chain's blocks as a backfill commits them, in order."""
        fork, tip = start.block, self.last(chain)
        for first in range(0, self.events // 2, self.commit):
            end = min(self.events // 2, first + self.commit)
            last = header(chain, BEGAN_BLOCK + end // EVENTS_IN_BLOCK)
            yield Segment(
                fork=fork,
                last=BlockId(number=last.height, hash=last.hash_bytes),
                last_time=last.time,
                headers=(last,),
                facts=facts(chain, self.rows(chain, first, end)),
                tip=Tip(head=tip, finalized=tip.height, head_finalized=tip.height),
                refresh=False,
                level=ProofLevel.HASH,
                final_through=last.height,
            )
            fork = BlockId(number=last.height, hash=last.hash_bytes)


def _of_job(block: int, place: int) -> tuple[str, Row]:
    """Return an event of a block. What would be of a job before the first is another job's creation."""
    created = 2 * block + place
    if place in (2, 3) and block >= CONFIRMED_AFTER:
        return "job_confirmed", (word("job", created - 2 * (1 + CONFIRMED_AFTER)), 1_790_000_000 + block)
    if place == 4 and block >= CLAIMED_AFTER:
        claimed = 2 * (block - CLAIMED_AFTER)
        return "payment_claimed", (word("job", claimed), _provider(claimed), _payment(claimed))
    job = created if place in (0, 1) else -(block * EVENTS_IN_BLOCK + place)
    return "job_created", (word("job", job), person("renter", job * 7 % RENTERS), _provider(job), _payment(job))


def _of_provider(block: int, place: int) -> tuple[str, Row]:
    number = block * EVENTS_IN_BLOCK + place
    if number < PROVIDERS:
        return "node_registered", (_provider(number), b"RTX 4090", 24_564, "RTX 4090")
    if place == 4:
        return "job_count_incremented", (_provider(block), 1 + block // PROVIDERS)
    return "node_heartbeat", (_provider(number), 1_790_000_000 + block)


def _provider(number: int) -> bytes:
    return person("provider", number * 31 % PROVIDERS)


def _payment(job: int) -> int:
    return (1 + abs(job)) << 64


def facts(chain: Chain, events: Iterator[tuple[str, Row]]) -> Facts:
    """Return events as a segment carries them."""
    rows: dict[str, list[Row]] = {}
    for table, row in events:
        rows.setdefault(table, []).append(row)
    people = slice(6, 8) if chain is Chain.BSC else slice(5, 6)
    named = (row for table, some in rows.items() if table not in ("job_confirmed", "payment_claimed") for row in some)
    return Facts(
        rows=rows,
        keys=frozenset(row[5] for some in rows.values() for row in some),
        addresses=frozenset(address for row in named for address in row[people]),
    )


@lru_cache(maxsize=100_000)
def word(*of: object) -> bytes:
    """Return 32 bytes that stand for something."""
    return sha256(repr(of).encode()).digest()


def person(role: str, number: int) -> bytes:
    """Return the address of a renter or provider."""
    return word(role, number)[:20]


def block_hash(chain: Chain, height: int) -> bytes:
    """Return the hash of a block."""
    return word(chain, height)


def block_time(chain: Chain, height: int) -> datetime:
    """Return the time of a block."""
    return BEGAN_AT + timedelta(seconds=BLOCK_SECONDS[chain] * (height - BEGAN_BLOCK))


def header(chain: Chain, height: int) -> Header:
    """Return the header of a block."""
    at = block_time(chain, height).timestamp()
    return Header(
        number=hex(height),
        hash="0x" + block_hash(chain, height).hex(),
        parent_hash="0x" + block_hash(chain, height - 1).hex(),
        timestamp=hex(int(at)),
        milli_timestamp=hex(round(at * 1000)),
        logs_bloom="0x" + "0" * 512,
    )
