"""
Read from a chain what a step asks for, verified, from whichever endpoint can tell.

    look     the newest block of the endpoint we follow, and what all in use call final
    head     blocks near the head, of the endpoint we follow or of another
    history  a range of final blocks, in parts of what each endpoint bears

Every answer is checked before it leaves here (`asking`). An endpoint whose answers contradict each other is distrusted;
what it could not answer another is asked, and what was read before stays.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from chain.calls import header as header_of
from chain.calls import headers as headers_of
from chain.calls import logs_of
from chain.endpoint import Endpoint
from chain.errors import AskLess, HistoryGone, RpcError, SplitTopics
from chain.rpc import Rpc
from chain.wire import RawLog
from indexer.asking import Asking
from indexer.plan import HEADERS_MAX
from indexer.proving import Prover
from indexer.reconcile import Theirs
from indexer.values import Followed, Piece, Tip, join
from indexer.verify import Doubtful, NotThere
from models.values import BlockRange, ProofLevel

MISSED_MAX = 3
"""How often in a row the endpoint we follow may lack a block below its own head."""


class Reader:
    """The reading end of one chain."""

    def __init__(self, rpc: Rpc, followed: Followed, *, head_level: ProofLevel = ProofLevel.BLOOM) -> None:
        self._rpc = rpc
        self._ours = followed.log_filter
        self._asking = Asking(self._ours, Prover(rpc, self._ours))
        self._head_level = head_level
        self._leader = rpc.endpoints[0]
        self._missed = 0

    @property
    def range_size(self) -> int:
        """Return how many blocks one range should have: as many as some endpoint bears at once."""
        return max(endpoint.range_size for endpoint in self._rpc.in_use() or self._rpc.endpoints)

    async def look(self) -> Tip:
        """Return where the chain ends and what of it is final."""
        self._leader = await self._rpc.look()
        head = self._leader.head
        assert head is not None, "a leader has been looked at"
        finalized = min(self._rpc.finalized(), head.height)
        return Tip(head=head, finalized=finalized, head_finalized=self._leader.head_finalized)

    async def head(self, blocks: BlockRange, tip: Tip) -> Piece:
        """
        Return the beginning of blocks near the head, with every header: mostly all of them.

        They come from the endpoint we follow or, if it cannot, from another one. Raises an `RpcError` when none can.
        """
        leader, failure = self._leader, None
        for endpoint in (leader, *self._rpc.others_than(leader)):
            known = tip if endpoint is leader and blocks.first == tip.number else None
            try:
                with doubting(endpoint), self._missing(endpoint):
                    return await self._newest(endpoint, blocks, known)
            except RpcError as error:
                failure = failure or error
        assert failure is not None, "there is an endpoint that we follow"
        raise failure

    async def _newest(self, endpoint: Endpoint, blocks: BlockRange, known: Tip | None) -> Piece:
        """Return as many of the blocks as an endpoint gives at once, half as many each time it is too much."""
        while True:
            try:
                return await self._asking.newest(endpoint, blocks, self._head_level, known=known)
            except AskLess:
                if len(blocks) == 1:
                    return await self._asking.single(endpoint, blocks)
                blocks = BlockRange(first=blocks.first, last=blocks.first + len(blocks) // 2 - 1)

    @contextmanager
    def _missing(self, endpoint: Endpoint) -> Iterator[None]:
        """Distrust an endpoint that again and again has not what its own head promises; once is a busy balancer."""
        try:
            yield
        except NotThere as error:
            if endpoint is self._leader:
                self._missed += 1
                if self._missed >= MISSED_MAX:
                    endpoint.distrust(str(error))
            raise
        if endpoint is self._leader:
            self._missed = 0

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

    async def theirs(self, numbers: Sequence[int]) -> Theirs:
        """Return what the endpoint we follow has at these heights; a height it lacks is left out."""
        return await _theirs(self._leader, numbers)

    async def seconds(self, numbers: Sequence[int]) -> Theirs | None:
        """Return the same from another endpoint, or None where no other is in use."""
        other = self._rpc.other_than(self._leader)
        return None if other is None else await _theirs(other, numbers)

    async def insists(self, log: RawLog) -> bool:
        """Say whether the chain holds this very log, by the word of a second endpoint where there is one."""
        endpoint = self._rpc.other_than(self._leader) or self._leader
        answered = await endpoint.batch([logs_of(log.block_hash, self._ours)])
        return any(
            (each.position, each.topics, each.data) == (log.position, log.topics, log.data) for each in answered[0]
        )

    def distrust(self, reason: str, name: str | None = None) -> None:
        """Rest an endpoint whose answers turned out to be wrong: the one we follow where none is named."""
        for endpoint in self._rpc.endpoints:
            if endpoint.name == (name or self._leader.name):
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
                    piece = await self._part(endpoint, part, level)
            except AskLess as refusal:
                if len(part) == 1:
                    failed[endpoint] = refusal
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

    async def _part(self, endpoint: Endpoint, blocks: BlockRange, level: ProofLevel) -> Piece:
        """Return a part of a range; a single block, where its logs are too many, by its receipts."""
        try:
            return await self._asking.final(endpoint, blocks, level)
        except AskLess:
            if len(blocks) > 1:
                raise
            piece = await self._asking.single(endpoint, blocks)
            if piece.final_through < blocks.last:
                raise NotThere(
                    f"the node that answered for block {blocks.last} holds only {piece.final_through} final"
                ) from None
            return piece

    def _for_range(self, wanted: BlockRange, failed: Mapping[Endpoint, RpcError]) -> Endpoint:
        """Return whom to ask; where all that could answer have failed, raise what the first of them said."""
        try:
            return self._rpc.for_range(wanted, besides=failed)
        except HistoryGone:
            raise
        except RpcError as nobody:
            raise next(iter(failed.values()), nobody) from nobody


@contextmanager
def doubting(endpoint: Endpoint) -> Iterator[None]:
    """Distrust an endpoint whose answers turn out to contradict each other."""
    try:
        yield
    except Doubtful as doubt:
        endpoint.distrust(str(doubt))
        raise


async def _theirs(endpoint: Endpoint, numbers: Sequence[int]) -> Theirs:
    # In every request what its node holds final, and of these the least counts.
    hashes: dict[int, bytes] = {}
    final_through: int | None = None
    for start in range(0, len(numbers), HEADERS_MAX):
        part = numbers[start : start + HEADERS_MAX]
        *answers, finalized = await endpoint.batch([*headers_of(part), header_of("finalized")])
        if finalized is None:
            raise NotThere("the endpoint has no finalized block")
        final_through = finalized.height if final_through is None else min(final_through, finalized.height)
        found = zip(part, answers, strict=True)
        hashes |= {number: header.hash_bytes for number, header in found if header and header.height == number}
    return Theirs(hashes, -1 if final_through is None else final_through)
