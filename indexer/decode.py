"""Decide which rows a chain's logs become, and whose state they change."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any

from chain.abi import EVENTS_BY_TOPIC0
from chain.decode import decode
from chain.wire import Header, RawLog
from indexer.values import Facts

TEXT_MAX = 120
"""How many characters of an on-chain text state shows."""

TABLES = {
    "JobCreated": "job_created",
    "JobConfirmed": "job_confirmed",
    "PaymentClaimed": "payment_claimed",
    "NodeRegistered": "node_registered",
    "NodeHeartbeat": "node_heartbeat",
    "JobCountIncremented": "job_count_incremented",
    "OwnershipTransferred": "ownership_transferred",
}
"""The fact table of each event. In all but the last, the first argument is the key whose state changes."""

KEYLESS = frozenset({"OwnershipTransferred"})
ADDRESSES: Mapping[str, slice] = {
    "JobCreated": slice(1, 3),
    "JobConfirmed": slice(0),
    "PaymentClaimed": slice(1, 2),
    "NodeRegistered": slice(1),
    "NodeHeartbeat": slice(1),
    "JobCountIncremented": slice(1),
    "OwnershipTransferred": slice(2),
}
"""The addresses among an event's arguments."""

NAMES: Mapping[str, str] = {topic0: shape.name for topic0, shape in EVENTS_BY_TOPIC0.items()}


def to_facts(logs: Iterable[RawLog], headers: Mapping[int, Header]) -> Facts:
    """Return the rows of verified logs. Raises `chain.decode.Undecodable` for a log that contradicts its ABI."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    keys: set[bytes] = set()
    addresses: set[bytes] = set()
    for block_number, of_block in groupby(logs, key=attrgetter("block_number")):
        # What all logs of a block share is worked out once.
        number = int(block_number, 16)
        block_hash, block_time = headers[number].hash_bytes, headers[number].time
        for log in of_block:
            event = NAMES[log.topics[0]]
            arguments = decode(log)
            where = (number, log.index, block_hash, block_time, log.transaction_hash_bytes)
            rows.setdefault(TABLES[event], []).append(where + arguments + derived(event, arguments))
            if event not in KEYLESS:
                keys.add(arguments[0])
            addresses.update(arguments[ADDRESSES[event]])
    return Facts(rows=rows, keys=frozenset(keys), addresses=frozenset(addresses))


def derived(event: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the columns that stand beside an event's own arguments."""
    return (readable(arguments[1]),) if event == "NodeRegistered" else ()


def readable(raw: bytes) -> str:
    """Return on-chain text as a person can read it: valid UTF-8, no control characters, at most `TEXT_MAX` long."""
    # A character is at most four bytes, and 20 kB of them are legal on chain.
    text = raw[: 4 * TEXT_MAX].decode("utf-8", errors="replace")
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)[:TEXT_MAX]
