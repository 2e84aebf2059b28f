"""
Decide whether what an endpoint answered may be believed.

Endpoints lag, cut off and mix forks. What is checked here needs no second endpoint: headers link to each other
and to ours, logs belong to headers we hold, and nothing was answered that was not asked.
"""

from collections.abc import Iterable, Mapping, Sequence

from chain.calls import LogFilter
from chain.errors import TryAgain
from chain.wire import Header, RawLog
from models.values import BlockId, BlockRange, show_bytes


class Doubtful(TryAgain):
    """The answers contradict each other or the question: nothing of them is used, and we ask again."""


def check_heights(headers: Sequence[Header | None], numbers: Sequence[int]) -> list[Header]:
    """Return the headers; raise `TryAgain` if one is not there, `Doubtful` if one is not of the block asked for."""
    present = []
    for number, header in zip(numbers, headers, strict=True):
        if header is None:
            raise TryAgain(f"the endpoint has no block {number} yet")
        if header.height != number:
            raise Doubtful(f"asked for block {number}, the endpoint answered block {header.height} {header.hash}")
        present.append(header)
    return present


def check_links(parent: BlockId, headers: Sequence[Header]) -> None:
    """Raise `Doubtful` unless the headers follow `parent` one by one."""
    expected_number, expected_parent = parent.number + 1, show_bytes(parent.hash)
    for header in headers:
        if header.height != expected_number or header.parent_hash != expected_parent:
            raise Doubtful(
                f"block {header.height} {header.hash} does not follow block {expected_number - 1} {expected_parent}"
            )
        expected_number, expected_parent = expected_number + 1, header.hash


def check_logs(
    logs: Iterable[RawLog], *, ours: LogFilter, blocks: BlockRange, headers: Mapping[int, Header]
) -> list[RawLog]:
    """Return the logs in order; raise `Doubtful` if one was not asked for, stands twice or belongs to no header."""
    ordered = sorted(logs, key=lambda log: log.position)
    address, topics = show_bytes(ours.address), frozenset(ours.topics)
    previous = (-1, -1)
    for log in ordered:
        number, index = log.position
        header = headers.get(number)
        if not blocks.first <= number <= blocks.last:
            raise Doubtful(f"log {index} of block {number} lies outside of {blocks}")
        if log.address.lower() != address or not log.topics or log.topics[0] not in topics or log.removed:
            raise Doubtful(f"log {index} of block {number} was not asked for: {log.address} {log.topics[:1]}")
        if header is None or header.hash != log.block_hash:
            raise Doubtful(f"log {index} of block {number} belongs to block {log.block_hash}, which is not ours")
        if (number, index) == previous:
            raise Doubtful(f"log {index} of block {number} was answered twice")
        previous = (number, index)
    return ordered
