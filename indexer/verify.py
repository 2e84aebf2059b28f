"""
Decide whether what an endpoint answered may be believed.

Endpoints lag, cut off and mix forks. What is checked here needs no second endpoint: headers link to each other,
logs belong to headers we hold, nothing was answered that was not asked, and nothing is missing that a block's bloom
promises.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from chain.calls import LogFilter
from chain.errors import TryAgain
from chain.wire import Header, RawLog, Receipt
from models.values import BlockId, BlockRange, show_bytes


class Doubtful(TryAgain):
    """The answers contradict each other or the question: nothing of them is used, and we ask again."""


class NotThere(TryAgain):
    """A block is not there that its endpoint's head lies at or above: it lags behind itself, or makes its head up."""


def check_heights(headers: Sequence[Header | None], numbers: Sequence[int], *, final: bool = False) -> list[Header]:
    """
    Return the headers; raise `NotThere` if one is not there, `Doubtful` if one is not of the block asked for.

    One that the endpoint itself holds `final` must be there.
    """
    present = []
    for number, header in zip(numbers, headers, strict=True):
        if header is None and final:
            raise Doubtful(f"the endpoint has no block {number}, which it holds final")
        if header is None:
            raise NotThere(f"the endpoint has no block {number} yet")
        if header.height != number:
            raise Doubtful(f"asked for block {number}, the endpoint answered block {header.height} {header.hash}")
        present.append(header)
    return present


def check_final(finalized: Header | None, blocks: BlockRange) -> int:
    """Return what the node that answered holds final; raise `NotThere` unless all the blocks are."""
    if finalized is None or finalized.height < blocks.last:
        height = "nothing" if finalized is None else finalized.height
        raise NotThere(f"the node that answered for blocks {blocks} holds only {height} final")
    return finalized.height


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
    placed = sorted(((log.position, log) for log in logs), key=itemgetter(0))
    first, last, address = blocks.first, blocks.last, show_bytes(ours.address)
    previous = (-1, -1)
    for (number, index), log in placed:
        header = headers.get(number)
        if not first <= number <= last:
            raise Doubtful(f"log {index} of block {number} lies outside of {blocks}")
        if log.removed or not _is_of(log, address, ours.topics):
            raise Doubtful(f"log {index} of block {number} was not asked for: {log.address} {log.topics[:1]}")
        if header is None or header.hash != log.block_hash:
            raise Doubtful(f"log {index} of block {number} belongs to block {log.block_hash}, which is not ours")
        if (number, index) == previous:
            raise Doubtful(f"log {index} of block {number} was answered twice")
        previous = (number, index)
    return [log for _, log in placed]


def is_ours(log: RawLog, ours: LogFilter) -> bool:
    """Say whether a log is one that the filter asks for."""
    return _is_of(log, show_bytes(ours.address), ours.topics)


def _is_of(log: RawLog, address: str, topics: Sequence[str]) -> bool:
    return log.address.lower() == address and bool(log.topics) and log.topics[0] in topics


def unkept(promised: Mapping[int, frozenset[str]], logs: Iterable[RawLog]) -> list[int]:
    """
    Return the blocks that lack a log of some first topic that their blooms promise, in order.

    A bloom may promise what is not there: such a block is asked about in another way, and not doubted.
    """
    brought: dict[int, set[str]] = {}
    for log in logs:
        brought.setdefault(log.height, set()).add(log.topics[0])
    return sorted(number for number, topics in promised.items() if not topics <= brought.get(number, set()))


def check_receipts(header: Header, receipts: Sequence[Receipt], *, bloom: str, ours: LogFilter) -> list[RawLog]:
    """
    Return our logs of a block from its receipts; raise `Doubtful` unless these are all its receipts.

    A log left out leaves a hole in the numbers of the logs, or at their end a bloom (`bloom` is that of all logs
    given) that lacks what the header's has.
    """
    logs = [log for receipt in receipts for log in receipt.logs]
    where = f"of the receipts of block {header.height} {header.hash}"
    if not {receipt.block_hash for receipt in receipts} | {log.block_hash for log in logs} <= {header.hash}:
        raise Doubtful(f"one {where} is of another block")
    if sorted(log.index for log in logs) != list(range(len(logs))):
        raise Doubtful(f"the logs {where} are not numbered from 0 without a gap")
    if bloom != header.logs_bloom:
        raise Doubtful(f"the logs {where} do not make up the bloom of its header")
    return sorted((log for log in logs if is_ours(log, ours)), key=lambda log: log.position)
