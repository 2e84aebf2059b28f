"""
Complete the logs of blocks whose blooms promise more than an endpoint answered.

    bloom promises a topic, and a log with it came     nothing to do
    it promises, and none came                         a second endpoint is asked by block hash; where there is none,
                                                       or receipts are the level asked for: the block's receipts
    nobody has receipts either                         what came is kept, and the range proven as far as HASH only
    there are receipts, and they are wrong             nothing is believed, and we ask again

Receipts are proof: all logs of a block make up its bloom exactly.
"""

from collections.abc import Iterable, Mapping, Sequence

from chain.bloom import BloomFilter, bloom_of
from chain.calls import LogFilter, logs_of, receipts_of
from chain.endpoint import Endpoint
from chain.errors import RpcError
from chain.rpc import Rpc
from chain.wire import Header, RawLog, Receipt
from indexer import verify
from indexer.verify import Doubtful
from models.values import BlockRange, ProofLevel

RECEIPTS_AT_ONCE = 10
"""Of how many blocks the receipts are asked for in one request; those of a busy block take a megabyte."""


class Prover:
    """Asks about the same blocks in another way."""

    def __init__(self, rpc: Rpc, ours: LogFilter) -> None:
        self._rpc = rpc
        self._ours = ours
        self._bloom = BloomFilter(ours)

    def promising(self, headers: Iterable[Header]) -> list[Header]:
        """Return the headers of blocks that may hold logs of ours."""
        return [header for header in headers if self._bloom.may_match(header.logs_bloom)]

    async def complete(
        self, endpoint: Endpoint, headers: Sequence[Header], logs: list[RawLog], level: ProofLevel
    ) -> tuple[list[RawLog], ProofLevel]:
        """Return all our logs of the blocks, in order, and the level at which they are proven."""
        promised = {header.height: self._bloom.promised(header.logs_bloom) for header in self.promising(headers)}
        open_blocks = sorted(promised) if level is ProofLevel.RECEIPTS else verify.unkept(promised, logs)
        if not open_blocks:
            return logs, level
        known = {header.height: header for header in headers}
        asked = [known[number] for number in open_blocks]
        found = await self._by_hash(endpoint, asked) if level is not ProofLevel.RECEIPTS else None
        if found is None:
            found = await self._by_receipts(endpoint, asked)
        if found is None:
            return logs, ProofLevel.HASH
        merged = {log.position: log for log in (*logs, *found)}
        return [merged[position] for position in sorted(merged)], level

    async def receipts(self, endpoint: Endpoint, headers: Sequence[Header]) -> list[RawLog]:
        """Return our logs of blocks from their receipts. Raises `Doubtful` and other `RpcError`s."""
        logs: list[RawLog] = []
        for start in range(0, len(headers), RECEIPTS_AT_ONCE):
            part = headers[start : start + RECEIPTS_AT_ONCE]
            answers = await endpoint.batch([receipts_of(header.hash) for header in part])
            for header, receipts in zip(part, answers, strict=True):
                logs += self._checked(header, receipts)
        return logs

    def _checked(self, header: Header, receipts: list[Receipt] | None) -> list[RawLog]:
        if receipts is None:
            raise Doubtful(f"the endpoint has no receipts of block {header.height} {header.hash}, whose header it gave")
        try:
            bloom = bloom_of(log for receipt in receipts for log in receipt.logs)
        except ValueError as error:
            raise Doubtful(f"a receipt of block {header.height} {header.hash} is not hex: {error}") from error
        return verify.check_receipts(header, receipts, bloom=bloom, ours=self._ours)

    async def _by_hash(self, endpoint: Endpoint, headers: Sequence[Header]) -> list[RawLog] | None:
        """Return what a second endpoint answers, or None where none can."""
        for other in self._rpc.others_than(endpoint):
            try:
                answers = await other.batch([logs_of(header.hash, self._ours) for header in headers])
                return self._of_these(headers, [log for answer in answers for log in answer])
            except Doubtful as doubt:
                other.distrust(str(doubt))
            except RpcError:
                # It has said why by resting; another one, or receipts, may still tell.
                continue
        return None

    def _of_these(self, headers: Sequence[Header], logs: list[RawLog]) -> list[RawLog]:
        known: Mapping[int, Header] = {header.height: header for header in headers}
        blocks = BlockRange(first=min(known), last=max(known))
        return verify.check_logs(logs, ours=self._ours, blocks=blocks, headers=known)

    async def _by_receipts(self, endpoint: Endpoint, headers: Sequence[Header]) -> list[RawLog] | None:
        """Return what receipts tell, or None where nobody has any. Raises `Doubtful` where all there are are wrong."""
        doubtful: Doubtful | None = None
        for each in (endpoint, *self._rpc.others_than(endpoint)):
            try:
                return await self.receipts(each, headers)
            except Doubtful as doubt:
                each.distrust(str(doubt))
                doubtful = doubt
            except RpcError:
                # Not every endpoint has eth_getBlockReceipts.
                continue
        if doubtful is not None:
            raise doubtful
        return None
