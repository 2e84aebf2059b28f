"""
Read from a chain what a step asks for, verified.

    tip      the newest and the newest final block, one request
    history  logs of a range, pinned to the node that has its last block, and the headers of the blocks they are in
    head     headers one by one, then by block hash the logs of those whose bloom may hold ours

Every answer is checked by `verify` before it leaves this module.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from chain.bloom import BloomFilter
from chain.calls import Call, logs_in, logs_of
from chain.calls import header as header_of
from chain.calls import headers as headers_of
from chain.errors import TryAgain
from chain.rpc import Rpc
from chain.wire import Header, RawLog
from indexer import verify
from indexer.values import Followed, Tip
from models.values import BlockId, BlockRange


class Reorganised(Exception):
    """The chain's next block does not follow ours: somewhere at or below our cursor they part."""


class Reader:
    """The reading end of one chain."""

    def __init__(self, rpc: Rpc, followed: Followed) -> None:
        self._rpc = rpc
        self._ours = followed.log_filter
        self._bloom = BloomFilter(self._ours)

    async def tip(self) -> Tip:
        """Return where the chain ends and what of it is final."""
        head, finalized = await self._rpc.batch([header_of("latest"), header_of("finalized")])
        if head is None or finalized is None:
            raise TryAgain("the endpoint has no latest or no finalized block")
        return Tip(head=head, finalized=min(finalized.height, head.height))

    async def history(self, cursor: BlockId, blocks: BlockRange) -> tuple[list[Header], list[RawLog]]:
        """Return the headers of blocks with logs of ours, the last block's among them, and the logs."""
        calls: list[Call[Any]] = [header_of(blocks.first), logs_in(blocks, self._ours), header_of(blocks.last)]
        first, logs, last = await self._rpc.batch(calls)
        first, last = verify.check_heights([first, last], (blocks.first, blocks.last))
        _check_follows(cursor, first)
        known = {first.height: first, last.height: last}
        missing = sorted({log.height for log in logs} - known.keys())
        known |= {header.height: header for header in await self.headers(missing)}
        ordered = verify.check_logs(logs, ours=self._ours, blocks=blocks, headers=known)
        return [known[number] for number in sorted(known)], ordered

    async def head(self, cursor: BlockId, blocks: BlockRange) -> tuple[list[Header], list[RawLog]]:
        """Return every header of the range and the logs in it."""
        headers = await self.headers(range(blocks.first, blocks.last + 1))
        _check_follows(cursor, headers[0])
        verify.check_links(cursor, headers)
        promising = [header for header in headers if self._bloom.may_match(header.logs_bloom)]
        answers = await self._rpc.batch([logs_of(header.hash, self._ours) for header in promising])
        known = {header.height: header for header in headers}
        logs = [log for answer in answers for log in answer]
        return headers, verify.check_logs(logs, ours=self._ours, blocks=blocks, headers=known)

    async def headers(self, numbers: Iterable[int]) -> list[Header]:
        """Return the headers of blocks by number; raise `TryAgain` when the endpoint lacks one."""
        wanted = list(numbers)
        return verify.check_heights(await self._rpc.batch(headers_of(wanted)), wanted)

    async def hashes(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """Return the hashes the chain has at these heights now; a height it lacks is left out."""
        answers = await self._rpc.batch(headers_of(numbers))
        return {header.height: header.hash_bytes for header in answers if header is not None}


def _check_follows(cursor: BlockId, first: Header) -> None:
    if first.parent_hash_bytes != cursor.hash:
        raise Reorganised(f"block {first.height} {first.hash} does not follow our block {cursor.number}")
