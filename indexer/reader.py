"""
Read from a chain what a step asks for, verified.

    look     the newest block of the endpoint we follow, and what all in use call final
    history  logs of a range of final blocks, each part pinned to the node that has its last block
    head     headers one by one, then by block hash the logs of those whose bloom may hold ours

Every answer is checked by `verify` before it leaves this module. An endpoint whose answers contradict each other is
distrusted; what it could not answer another is asked, and what was read before stays.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from chain.calls import Call, LogFilter, logs_in, logs_of
from chain.calls import header as header_of
from chain.calls import headers as headers_of
from chain.endpoint import Endpoint
from chain.errors import AskLess, HistoryGone, RpcError, SplitTopics, TryAgain
from chain.rpc import Rpc
from chain.wire import Header, RawLog
from indexer import verify
from indexer.proving import Prover
from indexer.values import Followed, Piece, Tip, join
from indexer.verify import Doubtful
from models.values import BlockId, BlockRange, ProofLevel

HEADERS_READ = (ProofLevel.BLOOM, ProofLevel.RECEIPTS)
"""The levels at which the header of every block is read."""


class Reader:
    """The reading end of one chain."""

    def __init__(self, rpc: Rpc, followed: Followed, *, head_level: ProofLevel = ProofLevel.BLOOM) -> None:
        self._rpc = rpc
        self._ours = followed.log_filter
        self._prover = Prover(rpc, self._ours)
        self._head_level = head_level
        self._leader = rpc.endpoints[0]

    @property
    def range_size(self) -> int:
        """Return how many blocks one range should have: as many as some endpoint bears at once."""
        return max(endpoint.range_size for endpoint in self._rpc.in_use() or self._rpc.endpoints)

    async def look(self) -> Tip:
        """Return where the chain ends and what of it is final."""
        self._leader = await self._rpc.look()
        head = self._leader.head
        assert head is not None, "a leader has been looked at"
        return Tip(head=head, finalized=min(self._rpc.finalized(), head.height))

    async def head(self, blocks: BlockRange, tip: Tip) -> Piece:
        """Return blocks near the head as the endpoint we follow has them, with every header."""
        endpoint = self._leader
        with doubting(endpoint):
            headers = [tip.head] if blocks.first == tip.number else await self._headers(endpoint, _numbers(blocks))
            verify.check_links(_parent(headers[0]), headers)
            logs = await self._logs_by_hash(endpoint, blocks, headers)
            logs, level = await self._prover.complete(endpoint, headers, logs, self._head_level)
        return _piece(endpoint, blocks, headers, logs, level)

    async def history(self, blocks: BlockRange, level: ProofLevel) -> Piece:
        """Return a range of final blocks, read part by part. Raises an `RpcError` when nobody can answer."""
        parts: list[Piece] = []
        while not parts or parts[-1].blocks.last < blocks.last:
            first = parts[-1].blocks.last + 1 if parts else blocks.first
            part = await self.beginning(BlockRange(first=first, last=blocks.last), level)
            if parts and part.parent != parts[-1].last.hash:
                raise Doubtful(
                    f"block {first} of {part.source} does not follow block {first - 1} of {parts[-1].source}: "
                    "two endpoints hold different blocks final"
                )
            parts.append(part)
        return join(parts)

    async def hashes(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """Return the hashes that the endpoint we follow has at these heights; a height it lacks is left out."""
        return await _hashes(self._leader, numbers)

    async def second_hashes(self, numbers: Sequence[int]) -> dict[int, bytes] | None:
        """Return the same from another endpoint, or None where no other is in use."""
        other = self._rpc.other_than(self._leader)
        return None if other is None else await _hashes(other, numbers)

    async def insists(self, log: RawLog) -> bool:
        """Say whether the chain holds this very log, by the word of a second endpoint where there is one."""
        endpoint = self._rpc.other_than(self._leader) or self._leader
        answered = await endpoint.batch([logs_of(log.block_hash, self._ours)])
        return any(
            (each.position, each.topics, each.data) == (log.position, log.topics, log.data) for each in answered[0]
        )

    def distrust(self, name: str, reason: str) -> None:
        """Rest an endpoint whose answers turned out to be wrong."""
        for endpoint in self._rpc.endpoints:
            if endpoint.name == name:
                endpoint.distrust(reason)

    async def beginning(self, wanted: BlockRange, level: ProofLevel) -> Piece:
        """Return the beginning of a range of final blocks: as much as one endpoint gives at once. Raises `RpcError`."""
        failed: dict[Endpoint, RpcError] = {}
        split: set[Endpoint] = set()
        while True:
            endpoint = self._for_range(wanted, failed)
            part = BlockRange(first=wanted.first, last=min(wanted.last, wanted.first + endpoint.range_size - 1))
            try:
                with doubting(endpoint):
                    piece = await self._final_blocks(endpoint, part, level)
            except AskLess as refusal:
                if len(part) == 1:
                    return await self._one_block(endpoint, part)
                endpoint.refused_range(len(part), refusal)
            except SplitTopics as refusal:
                # It has learned to be asked for one topic at a time; when that is too many, too, it is no use.
                if endpoint in split:
                    failed[endpoint] = refusal
                split.add(endpoint)
            except RpcError as error:
                failed[endpoint] = error
            else:
                endpoint.bore_range(len(part), len(piece.logs))
                return piece

    def _for_range(self, wanted: BlockRange, failed: Mapping[Endpoint, RpcError]) -> Endpoint:
        """Return whom to ask; where all that could answer have failed, raise what the first of them said."""
        try:
            return self._rpc.for_range(wanted, besides=failed)
        except HistoryGone:
            raise
        except RpcError as nobody:
            raise next(iter(failed.values()), nobody) from nobody

    async def _final_blocks(self, endpoint: Endpoint, blocks: BlockRange, level: ProofLevel) -> Piece:
        asked: list[Call[Any]] = [logs_in(blocks, ours) for ours in self._filters(endpoint)]
        first, *answers, last = await endpoint.batch([header_of(blocks.first), *asked, header_of(blocks.last)])
        ends = verify.check_heights([first, last], (blocks.first, blocks.last), final=True)
        logs: list[RawLog] = [log for answer in answers for log in answer]
        headers = await self._headers_for(endpoint, blocks, ends, logs, level)
        known = {header.height: header for header in headers}
        ordered = verify.check_logs(logs, ours=self._ours, blocks=blocks, headers=known)
        if level in HEADERS_READ:
            ordered, level = await self._prover.complete(endpoint, headers, ordered, level)
        return _piece(endpoint, blocks, headers, ordered, level, parent=ends[0].parent_hash_bytes)

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
            inside = {log.height for log in logs if log.height in range(blocks.first, blocks.last + 1)}
            inner = await self._headers(endpoint, sorted(inside - {first.height, last.height}))
            told = {header.height: header for header in (first, *inner)}
        told[last.height] = last
        return [told[number] for number in sorted(told)]

    async def _one_block(self, endpoint: Endpoint, block: BlockRange) -> Piece:
        """Return one block, whose logs are too many to ask for, by its receipts."""
        headers = await self._headers(endpoint, [block.first])
        logs = await self._prover.receipts(endpoint, headers)
        return _piece(endpoint, block, headers, logs, ProofLevel.RECEIPTS)

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


@contextmanager
def doubting(endpoint: Endpoint) -> Iterator[None]:
    """Distrust an endpoint whose answers turn out to contradict each other."""
    try:
        yield
    except Doubtful as doubt:
        endpoint.distrust(str(doubt))
        raise


async def _hashes(endpoint: Endpoint, numbers: Sequence[int]) -> dict[int, bytes]:
    answers = await endpoint.batch(headers_of(numbers))
    return {
        number: header.hash_bytes
        for number, header in zip(numbers, answers, strict=True)
        if header is not None and header.height == number
    }


def _piece(
    endpoint: Endpoint,
    blocks: BlockRange,
    headers: Sequence[Header],
    logs: Sequence[RawLog],
    level: ProofLevel,
    *,
    parent: bytes | None = None,
) -> Piece:
    if endpoint.finalized is None:
        raise TryAgain(f"{endpoint.name} has not said yet what is final")
    return Piece(
        blocks=blocks,
        parent=headers[0].parent_hash_bytes if parent is None else parent,
        headers=tuple(headers),
        logs=tuple(logs),
        level=level,
        final_through=endpoint.finalized,
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
