"""
Ask one endpoint about blocks, and give back what it tells as a verified piece.

    newest  headers one by one, then by block hash the logs of those whose bloom may hold ours
    final   logs of a range of final blocks, pinned to the node that has its last block and holds it final
    single  one block, whose logs are too many to ask for, by its receipts

Behind one name there may be several nodes. What must be one node's word is asked for in one batch: that it has the
last block, and what it holds final, for that says nothing of the blocks of another, which may stand on a branch that
was left. Whom to ask is decided in `reader`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from chain.calls import Call, LogFilter, logs_in, logs_of
from chain.calls import header as header_of
from chain.calls import headers as headers_of
from chain.endpoint import Endpoint
from chain.wire import Header, RawLog
from indexer import verify
from indexer.proving import Prover
from indexer.values import Piece, Tip
from indexer.verify import NotThere
from models.values import BlockId, BlockRange, ProofLevel

HEADERS_READ = (ProofLevel.BLOOM, ProofLevel.RECEIPTS)
"""The levels at which the header of every block is read."""


class Asking:
    """What may be asked of any endpoint of a chain about logs of ours."""

    def __init__(self, ours: LogFilter, prover: Prover) -> None:
        self._ours = ours
        self._prover = prover

    async def newest(self, endpoint: Endpoint, blocks: BlockRange, level: ProofLevel, *, known: Tip | None) -> Piece:
        """Return blocks as an endpoint has them; where the look brought the only one, its header is `known`."""
        if known is not None:
            headers, finalized = [known.head], known.head_finalized
        else:
            headers, finalized = await self._chain(endpoint, blocks)
        logs = await self._logs_by_hash(endpoint, blocks, headers)
        logs, level = await self._prover.complete(endpoint, headers, logs, level)
        return _piece(endpoint, blocks, headers, logs, level, finalized=finalized)

    async def final(self, endpoint: Endpoint, blocks: BlockRange, level: ProofLevel) -> Piece:
        """Return a range of blocks that are final to the node that answers."""
        asked: list[Call[Any]] = [logs_in(blocks, ours) for ours in self._filters(endpoint)]
        pins = [header_of(blocks.first), header_of(blocks.last), header_of("finalized")]
        first, last, finalized, *answers = await endpoint.batch([*pins, *asked])
        ends = verify.check_heights([first, last], (blocks.first, blocks.last), final=True)
        final = verify.check_final(finalized, blocks)
        logs: list[RawLog] = [log for answer in answers for log in answer]
        headers = await self._headers_for(endpoint, blocks, ends, logs, level)
        known = {header.height: header for header in headers}
        ordered = verify.check_logs(logs, ours=self._ours, blocks=blocks, headers=known)
        if level in HEADERS_READ:
            ordered, level = await self._prover.complete(endpoint, headers, ordered, level)
        parent = ends[0].parent_hash_bytes
        return _piece(endpoint, blocks, headers, ordered, level, finalized=final, parent=parent)

    async def single(self, endpoint: Endpoint, block: BlockRange) -> Piece:
        """Return one block by its receipts, which are the best proof, and the last resort."""
        headers, finalized = await self._chain(endpoint, block)
        logs = await self._prover.receipts(endpoint, headers)
        return _piece(endpoint, block, headers, logs, ProofLevel.RECEIPTS, finalized=finalized)

    async def _chain(self, endpoint: Endpoint, blocks: BlockRange) -> tuple[list[Header], int]:
        """Return the headers of blocks, linked, and what the node that has them holds final."""
        numbers = _numbers(blocks)
        *answers, finalized = await endpoint.batch([*headers_of(numbers), header_of("finalized")])
        headers = verify.check_heights(answers, numbers)
        verify.check_links(_parent(headers[0]), headers)
        if finalized is None:
            raise NotThere("the endpoint has no finalized block")
        return headers, finalized.height

    async def _headers_for(
        self, endpoint: Endpoint, blocks: BlockRange, ends: Sequence[Header], logs: Sequence[RawLog], level: ProofLevel
    ) -> list[Header]:
        """Return the headers that a level asks for: all, those of blocks with logs, or what the logs tell of them."""
        first, last = ends
        if level in HEADERS_READ:
            inner = await self._headers(endpoint, range(blocks.first + 1, blocks.last))
            headers = [first, *inner, last] if len(blocks) > 1 else [first]
            verify.check_links(_parent(first), headers)
            return headers
        if level is ProofLevel.PINNED and last.milli_timestamp is None and all(log.block_timestamp for log in logs):
            told = {log.height: _header_told_by(log) for log in logs}
        else:
            inside = {int(number, 16) for number in {log.block_number for log in logs}} & set(_numbers(blocks))
            inner = await self._headers(endpoint, sorted(inside - {first.height, last.height}))
            told = {header.height: header for header in (first, *inner)}
        told[last.height] = last
        return [told[number] for number in sorted(told)]

    async def _logs_by_hash(self, endpoint: Endpoint, blocks: BlockRange, headers: Sequence[Header]) -> list[RawLog]:
        filters = self._filters(endpoint)
        asked = [logs_of(header.hash, ours) for header in self._prover.promising(headers) for ours in filters]
        answers = await endpoint.batch(asked) if asked else []
        known = {header.height: header for header in headers}
        logs = [log for answer in answers for log in answer]
        return verify.check_logs(logs, ours=self._ours, blocks=blocks, headers=known)

    async def _headers(self, endpoint: Endpoint, numbers: Iterable[int]) -> list[Header]:
        wanted = list(numbers)
        return verify.check_heights(await endpoint.batch(headers_of(wanted)), wanted) if wanted else []

    def _filters(self, endpoint: Endpoint) -> list[LogFilter]:
        """Return what to ask for: all our topics at once, or one at a time where that is too many."""
        if not endpoint.splits_topics:
            return [self._ours]
        return [LogFilter(address=self._ours.address, topics=(topic,)) for topic in self._ours.topics]


def _piece(
    endpoint: Endpoint,
    blocks: BlockRange,
    headers: Sequence[Header],
    logs: Sequence[RawLog],
    level: ProofLevel,
    *,
    finalized: int,
    parent: bytes | None = None,
) -> Piece:
    return Piece(
        blocks=blocks,
        parent=headers[0].parent_hash_bytes if parent is None else parent,
        headers=tuple(headers),
        logs=tuple(logs),
        level=level,
        final_through=finalized,
        source=endpoint.name,
    )


def _parent(header: Header) -> BlockId:
    return BlockId(number=header.height - 1, hash=header.parent_hash_bytes)


def _header_told_by(log: RawLog) -> Header:
    """Return what a log tells of its block: enough to place and date it."""
    assert log.block_timestamp is not None, "asked for only where all logs have it"
    return Header(
        number=log.block_number,
        hash=log.block_hash,
        parent_hash=log.block_hash,
        timestamp=log.block_timestamp,
        logs_bloom="0x" + "0" * 512,
    )


def _numbers(blocks: BlockRange) -> range:
    return range(blocks.first, blocks.last + 1)
