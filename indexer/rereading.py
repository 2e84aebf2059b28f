"""
Read blocks again and make our tables equal to them, or only say where they differ.

    read    final blocks, in parts, beside the live tables
    decide  `scope_values` says which blocks, `judge` what to do with them; the database finds what differs
    commit  one transaction under the checkpoint's row lock, with the request's own row
    act     nothing

All of it goes through one connection, whose session holds what was read. Trouble with endpoints is waited out, and
what was read stays meanwhile. A stop, a crash or a lost connection leaves the open request, for whoever comes next.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from typing import Final, Protocol, TypeVar

from chain.decode import Undecodable
from chain.errors import HistoryGone, Refused, RpcError
from indexer import judge, plan, request_store, rereading_commit_store, rereading_store
from indexer.decode import to_facts
from indexer.judge import Apply, TakeBack
from indexer.rereading_values import Counts, Findings
from indexer.store import HEADERS_KEPT
from indexer.values import Followed, Piece, Tip
from models import scope_values
from models.requests import Request, RequestKind
from models.scope_values import Asked, Refusal, Scope, Standing
from models.values import BlockId, BlockRange, Chain, ProofLevel
from runtime import standing_store
from runtime.database import Connection
from runtime.feed import Change

Answer = TypeVar("Answer")

LEVEL: Final = ProofLevel.BLOOM
"""How blocks are proven unless the request says otherwise: facts of ours are deleted on the word of what is read."""

PART_BLOCKS = 2_000
READS_MAX = 4
"""How many parts, of so many blocks each, are read at once."""

REPORT_SECONDS = 1.0


class Impossible(Exception):
    """The request cannot be done as asked; the message says why, and what can."""


class Cancelled(Exception):
    """Whoever asked does not want it any more."""


class Source(Protocol):
    """What is asked of a reader."""

    async def look(self) -> Tip:
        """Return where the chain ends and what of it is final."""

    async def history(self, blocks: BlockRange, level: ProofLevel) -> Piece:
        """Return a range of final blocks, verified. Raises an `RpcError`."""


class Rereading:
    """One request, on a connection of its own, from its claim to its end."""

    def __init__(
        self, connection: Connection, source: Source, followed: Followed, request: Request, *, offline_after: timedelta
    ) -> None:
        assert request.id is not None, "a claimed request is a row"
        self._connection = connection
        self._source = source
        self._followed = followed
        self._request = request
        self._number = request.id
        self._level = ProofLevel(request.level) if request.level else LEVEL
        self._offline_after = offline_after
        self._read_through: int | None = None
        self._trouble: str | None = None
        self._clock = asyncio.get_running_loop().time
        self._reported_at = self._clock()

    async def run(self) -> None:
        """Do what the request asks and mark it done. Raises `Impossible`, `Cancelled` or a database error."""
        before = await self._standing()
        tip = await self._result_of(asyncio.create_task(self._patiently(self._source.look)))
        kind = RequestKind(self._request.kind)
        asked = Asked(kind=kind, first=self._request.first_block, last=self._request.last_block)
        scope = scope_values.scope(asked, before, finalized=tip.finalized)
        if isinstance(scope, Refusal):
            raise Impossible(scope.reason)
        await request_store.begin(self._connection, self._number, scope.blocks)
        await rereading_store.prepare(self._connection, self._followed)
        last, level = await self._read(scope.blocks)
        await rereading_store.compare(self._connection, self._followed, scope.blocks)
        async with self._connection.transaction():
            await self._conclude(scope, before, tip, last, level)

    async def _standing(self, *, lock: bool = False) -> Standing:
        standing = await standing_store.find(self._connection, self._followed.chain, lock=lock)
        assert standing is not None, "a chain with an indexer has a checkpoint"
        return standing

    async def _read(self, blocks: BlockRange) -> tuple[BlockId, ProofLevel]:
        """Stage the blocks; return the last of them, and the level that all of them were proven at."""
        levels, last = [self._level], None
        parts = parts_of(blocks)
        readings = deque(self._start(part) for part in islice(parts, READS_MAX))
        try:
            while readings:
                piece = await self._result_of(readings[0])
                readings.popleft()
                readings.extend(self._start(part) for part in islice(parts, 1))
                if last is not None:
                    _check_follows(last, piece)
                await self._stage(piece, headers_from=blocks.last - HEADERS_KEPT)
                last = piece.last
                levels.append(piece.level)
                await self._report(read_through=last.number)
        finally:
            await _give_up(readings)
        assert last is not None, "a range has a block"
        return last, min(levels, key=list(ProofLevel).index)

    def _start(self, blocks: BlockRange) -> "asyncio.Task[Piece]":
        return asyncio.create_task(self._patiently(lambda: self._source.history(blocks, self._level)))

    async def _patiently(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        delay = 0.0
        while True:
            try:
                return await ask()
            except (HistoryGone, Refused) as error:
                raise Impossible(str(error)) from error
            except RpcError as error:
                self._trouble = str(error)
                delay = plan.delay_after_trouble(error, last=delay, poll_seconds=REPORT_SECONDS)
                await asyncio.sleep(delay)
                with suppress(RpcError):
                    # A look takes back an endpoint that has rested, where nobody else looks.
                    await self._source.look()

    async def _result_of(self, reading: "asyncio.Task[Answer]") -> Answer:
        """Return what a task reads, and tell in the meantime what holds it up."""
        try:
            while not (await asyncio.wait([reading], timeout=REPORT_SECONDS))[0]:
                await self._report(read_through=self._read_through)
        finally:
            reading.cancel()
        self._trouble = None
        return reading.result()

    async def _report(self, *, read_through: int | None) -> None:
        self._read_through = read_through
        now = self._clock()
        if now - self._reported_at >= REPORT_SECONDS:
            self._reported_at = now
            if not await request_store.report(
                self._connection, self._number, read_through=read_through, trouble=self._trouble
            ):
                raise Cancelled

    async def _stage(self, piece: Piece, *, headers_from: int) -> None:
        try:
            facts = to_facts(piece.logs, {header.height: header for header in piece.headers})
        except Undecodable as error:
            raise Impossible(f"a log contradicts its ABI: {error}") from error
        # At the lowest level headers are put together from logs; the last one is always the chain's own.
        headers = piece.headers[-1:] if self._level is ProofLevel.PINNED else piece.headers
        kept = [header for header in headers if header.height >= headers_from]
        await rereading_store.stage(self._connection, self._followed, facts, kept)

    async def _conclude(self, scope: Scope, before: Standing, tip: Tip, last: BlockId, level: ProofLevel) -> None:
        connection, followed, repairs = self._connection, self._followed, self._request.repairs
        now = await self._standing(lock=True)
        ours = await rereading_commit_store.our_hash(connection, followed, last.number)
        verdict = judge.verdict(scope, before=before, now=now, ours=ours, theirs=last.hash)
        if isinstance(verdict, Refusal):
            raise Impossible(verdict.reason)
        await rereading_store.leave_out_heartbeats_below(connection, now.heartbeats_from)
        tables = await rereading_store.counts(connection)
        if repairs and (doubt := judge.doubt(scope, tables, asked=self._level, proven=level)):
            raise Impossible(doubt.reason)
        changes: list[Change] = []
        taken_back = None
        if repairs and (tables or scope.mends_fork):
            changes, taken_back = await self._apply(scope, tip, verdict)
        if repairs or not tables:
            note = rereading_commit_store.note_proof
            await note(connection, followed, scope.blocks, level, differed=bool(tables))
        await self._finish(scope, now, level, tables, taken_back)
        await rereading_commit_store.tell(connection, changes)

    async def _apply(self, scope: Scope, tip: Tip, verdict: Apply | TakeBack) -> tuple[list[Change], int | None]:
        """Make our tables equal to what was read; return the changes, and how many facts above it were taken back."""
        connection, followed = self._connection, self._followed
        reorged, last = isinstance(verdict, TakeBack), scope.blocks.last
        taken_back, moved = None, []
        if followed.chain is Chain.OPBNB:
            await rereading_commit_store.unfold_days(connection, taken_back_above=last if reorged else None)
        await rereading_commit_store.apply_differences(connection, followed)
        if reorged:
            taken_back = await rereading_commit_store.take_back_above(connection, followed, last)
            await rereading_commit_store.follow_branch(
                connection, followed, fork=scope.fork, last=last, finalized=tip.finalized
            )
        if scope.mends_fork:
            moved = [await rereading_commit_store.end_pause(connection, followed, final_through=last)]
        changes = await rereading_commit_store.refresh(
            connection, followed, offline_after=self._offline_after, by_reorg=reorged
        )
        return changes + moved, taken_back

    async def _finish(
        self, scope: Scope, now: Standing, level: ProofLevel, tables: dict[str, Counts], taken_back: int | None
    ) -> None:
        findings = Findings(
            blocks=scope.blocks,
            level=level,
            applied=self._request.repairs,
            tables=tables,
            examples=await rereading_store.examples(self._connection),
            heartbeats_from=now.heartbeats_from if now.heartbeats_from > scope.blocks.first else None,
            taken_back=taken_back,
        )
        if not await request_store.finish(self._connection, self._number, findings.as_json(), findings.total):
            raise Cancelled


def parts_of(blocks: BlockRange) -> Iterator[BlockRange]:
    """Yield a range in parts of `PART_BLOCKS`, in order and without a gap."""
    for first in range(blocks.first, blocks.last + 1, PART_BLOCKS):
        yield BlockRange(first=first, last=min(blocks.last, first + PART_BLOCKS - 1))


def _check_follows(last: BlockId, piece: Piece) -> None:
    if piece.parent != last.hash:
        raise Impossible(
            f"block {piece.blocks.first} of one endpoint does not follow block {last.number} of another: they hold "
            "different blocks final. Ask again when they agree, or set one endpoint only"
        )


async def _give_up(readings: "deque[asyncio.Task[Piece]]") -> None:
    for reading in readings:
        reading.cancel()
    await asyncio.gather(*readings, return_exceptions=True)
