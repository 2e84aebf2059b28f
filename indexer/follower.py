"""
Follow one chain: bring our copy one block range nearer to its head, again and again.

    read    where we stand, where the chain ends, and the next range of it: history comes from a `Window` that reads
            many ranges ahead, blocks near the head are read when they are there
    decide  `plan` what to read, `verify` it, `reconcile` where it does not follow, `decode` it
    commit  one transaction, fenced by the checkpoint
    act     nothing: readers and reactors act on what was committed

Empty blocks near the head are held back for up to a second and committed together; what is held was never committed,
so when the chain leaves it, it is forgotten.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from chain.decode import Undecodable
from chain.errors import TryAgain
from indexer import anticipate, plan
from indexer.anticipate import Rhythm
from indexer.comparing import Comparison
from indexer.decode import to_facts
from indexer.outcomes import Advanced, Finalized, Idle, Outcome, Paused, Reached, Refreshed
from indexer.plan import ReadHead, ReadHistory, RefreshState, Rest
from indexer.reader import Reader
from indexer.reconcile import Disputed, Fork, Left, TooDeep, Unknown, describe, describe_too_deep
from indexer.store import Store
from indexer.values import Cursor, Piece, Segment, Tip, join
from indexer.verify import Doubtful
from indexer.window import Window
from models.values import BlockId, BlockRange, ProofLevel

EMPTY_COMMIT_SECONDS: Final = 1.0
"""Empty blocks near the head are committed together, at most so often."""

LOOK_SECONDS: Final = 1.0
"""Far from the head it is enough to look so often where the chain ends."""


class Follower:
    """Follows one chain through a reader into a store."""

    def __init__(
        self,
        reader: Reader,
        store: Store,
        *,
        level: ProofLevel = ProofLevel.HASH,
        to_block: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader = reader
        self._store = store
        self._level = level
        self._to_block = to_block
        self._clock = clock
        self._window = Window()
        self._compare = Comparison(reader, store)
        self._held: Piece | None = None
        self._tip: Tip | None = None
        self._looked_at = 0.0
        self._rhythm = Rhythm()
        self._pending_facts = 0
        self._committed_at = -EMPTY_COMMIT_SECONDS
        # Blocks with facts that are not final yet: what is to be done for these facts waits for nothing else.
        self._unfinal: set[int] = set()

    async def step(self) -> Outcome:
        """Do one thing that brings us nearer to the head. Raises an `RpcError`, `Fenced` or a database error."""
        cursor = await self._store.cursor()
        if cursor.paused_reason is not None:
            await self.close()
            return Paused(cursor.paused_reason)
        if self._to_block is not None and cursor.state_through >= self._to_block:
            return Reached(cursor.number)
        if self._held is not None and self._held.parent != cursor.block.hash:
            self._held = None
        return await self._advance(cursor, await self._look(cursor))

    def rest_seconds(self, poll_seconds: float) -> float:
        """Return how long to rest until the next block is due; `poll_seconds` where that cannot be told."""
        return anticipate.rest_seconds(self._rhythm, now=self._clock(), poll_seconds=poll_seconds)

    async def close(self) -> None:
        """Give up what is being read and what is held."""
        self._held = None
        await self._window.clear()

    async def _look(self, cursor: Cursor) -> Tip:
        """Return where the chain ends: as of now, or of a moment ago where that is far away."""
        tip, now = self._tip, self._clock()
        if tip is None or now - self._looked_at > LOOK_SECONDS or tip.finalized - cursor.number <= plan.NEAR_BLOCKS:
            self._tip = tip = await self._reader.look()
            self._looked_at = now
            self._rhythm = anticipate.after_look(self._rhythm, tip.number, asked_at=now)
        return tip

    async def _advance(self, cursor: Cursor, tip: Tip) -> Outcome:
        """Do what the plan says, from the last block that is committed or held."""
        position = cursor.block if self._held is None else self._held.last
        view = self._view(cursor, position, tip)
        match plan.next_step(view):
            case ReadHistory():
                await self._fill(view)
                piece = await self._window.run()
                # What comes next is read while this is committed.
                await self._fill(replace(view, number=piece.blocks.last))
                return await self._take(cursor, tip, piece, near=False)
            case ReadHead(blocks):
                return await self._take(cursor, tip, await self._reader.head(blocks, tip), near=True)
            case RefreshState():
                await self._store.refresh_state(cursor)
                self._pending_facts = 0
                return Refreshed(through=cursor.number)
            case Rest():
                return await self._rest(cursor, tip, position)

    async def _fill(self, view: plan.View) -> None:
        """Keep as many ranges of history on their way as there is room for, the next one first."""
        if self._window.first not in (None, view.number + 1):
            await self._window.clear()
        read = partial(self._reader.beginning, level=self._level)
        self._window.resume(read)
        while self._window.has_room() and (blocks := plan.ahead(view, self._window.through)):
            self._window.start(blocks, read)

    async def _take(self, cursor: Cursor, tip: Tip, piece: Piece, *, near: bool) -> Outcome:
        """Commit the piece where it follows what we have, or find out where the chain left us."""
        if self._held is not None and piece.parent != self._held.last.hash:
            await self.close()
            return Idle(lag=1)
        if self._held is None and piece.parent != cursor.block.hash:
            return await self._replace(cursor, tip, piece)
        # Linked to what is held, the newest piece vouches for all: its node has these blocks below its own.
        joined = piece if self._held is None else replace(join([self._held, piece]), final_through=piece.final_through)
        if near and not joined.logs and self._may_wait(joined, tip):
            self._held = joined
            return Idle(lag=tip.number - joined.blocks.last)
        return await self._commit(cursor, cursor.block, joined, tip, refresh=near)

    async def _rest(self, cursor: Cursor, tip: Tip, position: BlockId) -> Outcome:
        """Commit what was held long enough, and see whether our last block is still the chain's."""
        if tip.number == position.number and tip.head.hash_bytes != position.hash:
            if self._held is not None:
                await self.close()
                return Idle(lag=1)
            return await self._replace(cursor, tip, None)
        if self._held is not None and not self._may_wait(self._held, tip):
            return await self._commit(cursor, cursor.block, self._held, tip, refresh=True)
        final_through = min(tip.finalized, tip.head_finalized, cursor.number)
        at_head = tip.head.hash_bytes == cursor.block.hash
        if at_head and final_through > cursor.final_through and self._is_time_to_commit(final_through):
            await self._store.finalize(cursor, tip, final_through=final_through)
            self._note(final_through)
            return Finalized(through=final_through)
        return Idle()

    async def _replace(self, cursor: Cursor, tip: Tip, piece: Piece | None) -> Outcome:
        """Take our blocks back to the fork, and commit those of the surviving branch in the same transaction."""
        await self.close()
        match await self._compare.verdict(cursor):
            case Unknown(number):
                raise TryAgain(f"the endpoint has no block {number}, which we have: it lags, or was rolled back")
            case Disputed(first, second):
                words = f"one has {describe(first)}, another {describe(second)}"
                raise TryAgain(f"two endpoints disagree about our last blocks: {words}; waiting for one word")
            case Left(oldest):
                doubt = f"it has another block {oldest.number} than the final one, and does not hold it final"
                self._reader.distrust(doubt)
                raise Doubtful(f"the endpoint stands on a branch that was left: {doubt}")
            case TooDeep() as verdict:
                return await self._pause_too_deep(cursor, verdict)
            case Fork(fork) if fork == cursor.block:
                return self._doubt(piece)
            case Fork(fork):
                return await self._rewind(cursor, fork, tip)

    async def _rewind(self, cursor: Cursor, fork: BlockId, tip: Tip) -> Outcome:
        goal = tip.number if self._to_block is None else min(tip.number, self._to_block)
        if goal <= fork.number:
            return Idle()
        # As far as we were, so that nobody sees blocks vanish that the other branch has, too.
        blocks = BlockRange(first=fork.number + 1, last=min(goal, max(cursor.number, fork.number + plan.HEADERS_MAX)))
        piece = await self._reader.head(blocks, tip)
        if piece.parent != fork.hash:
            raise TryAgain(f"block {blocks.first} does not follow block {fork.number} any more: the chain moved again")
        return await self._commit(cursor, fork, piece, tip, refresh=True)

    async def _commit(self, cursor: Cursor, fork: BlockId, piece: Piece, tip: Tip, *, refresh: bool) -> Outcome:
        try:
            facts = to_facts(piece.logs, {header.height: header for header in piece.headers})
        except Undecodable as error:
            return await self._contradicted(cursor, piece, error)
        last = piece.headers[-1]
        segment = Segment(
            fork=fork,
            last=piece.last,
            last_time=last.time,
            # Of final history one header is enough to link the next range to.
            headers=piece.headers if refresh else (last,),
            facts=facts,
            tip=tip,
            refresh=refresh,
            level=piece.level,
            final_through=_final_through(piece, tip),
        )
        await self._store.commit(cursor, segment)
        self._held = None
        self._unfinal = {number for number in self._unfinal if number <= fork.number}
        if segment.final_through < last.height:
            self._unfinal |= {log.height for log in piece.logs}
        self._note(segment.final_through)
        self._pending_facts += 0 if refresh else len(facts)
        return Advanced(
            blocks=BlockRange(first=fork.number + 1, last=last.height),
            events=len(facts),
            undone=cursor.number - fork.number,
            lag=tip.number - last.height,
        )

    async def _contradicted(self, cursor: Cursor, piece: Piece, error: Undecodable) -> Outcome:
        """Pause when the chain holds a log that contradicts its ABI; distrust the endpoint when it made it up."""
        await self.close()
        if not await self._reader.insists(error.log):
            self._reader.distrust(str(error), piece.source)
            raise Doubtful(f"{piece.source} answered a log that nobody else has: {error}") from error
        reason = f"a log contradicts its ABI: {error}"
        await self._store.pause(cursor, reason)
        return Paused(reason)

    def _doubt(self, piece: Piece | None) -> Outcome:
        """Distrust the endpoint of a piece that does not follow us, where the one we follow has our last block."""
        if piece is None:
            return Idle()
        doubt = f"block {piece.blocks.first} does not follow block {piece.blocks.first - 1}, which the chain still has"
        self._reader.distrust(doubt, piece.source)
        raise Doubtful(f"{piece.source}: {doubt}")

    async def _pause_too_deep(self, cursor: Cursor, verdict: TooDeep) -> Outcome:
        fork = await self._compare.fork_below_finality()
        reason = describe_too_deep(verdict, fork)
        await self._store.pause(cursor, reason, fork=fork.number if fork else None)
        return Paused(reason)

    def _note(self, final_through: int) -> None:
        """Remember a commit, and how far our blocks are final by it."""
        self._committed_at = self._clock()
        self._unfinal = {number for number in self._unfinal if number > final_through}

    def _may_wait(self, piece: Piece, tip: Tip) -> bool:
        if piece.blocks.last == self._to_block or len(piece.blocks) >= plan.HEADERS_MAX:
            return False
        return not self._is_time_to_commit(_final_through(piece, tip))

    def _is_time_to_commit(self, final_through: int) -> bool:
        """Say whether to commit what holds no facts, for its own sake or because it makes facts final."""
        makes_final = any(number <= final_through for number in self._unfinal)
        return makes_final or self._clock() - self._committed_at >= EMPTY_COMMIT_SECONDS

    def _view(self, cursor: Cursor, position: BlockId, tip: Tip) -> plan.View:
        return plan.View(
            number=position.number,
            # What is held has no facts: state that was in line stays so.
            state_through=position.number if cursor.state_through == cursor.number else cursor.state_through,
            pending_facts=self._pending_facts,
            head=tip.number,
            finalized=max(cursor.final_through, tip.finalized),
            to_block=self._to_block,
            range_size=self._reader.range_size,
        )


def _final_through(piece: Piece, tip: Tip) -> int:
    return min(tip.finalized, piece.final_through, piece.blocks.last)
