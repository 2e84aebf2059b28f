"""
Follow one chain: bring our copy one block range nearer to its head, again and again.

    read    where we stand, where the chain ends, and the next range of it
    decide  `plan` what to read, `verify` it, `reconcile` where it does not follow, `decode` it
    commit  one transaction, fenced by the checkpoint
    act     nothing: readers and reactors act on what was committed
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chain.decode import Undecodable
from chain.errors import AskLess, TryAgain
from chain.wire import Header, RawLog
from indexer import plan
from indexer.decode import to_facts
from indexer.plan import ReadHead, ReadHistory, RefreshState, Rest
from indexer.reader import Reader, Reorganised
from indexer.reconcile import Fork, TooDeep, Unknown, reconcile
from indexer.store import Store
from indexer.values import Cursor, Segment, Tip
from indexer.verify import Doubtful
from models.values import BlockId, BlockRange, show_bytes

EMPTY_COMMIT_SECONDS: Final = 1.0
"""Empty blocks near the head are committed together, at most so often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """Blocks were committed; `undone` is how many of ours a reorg took back first."""

    blocks: BlockRange
    events: int
    undone: int
    lag: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """State was brought in line with all facts."""

    through: int


@dataclass(frozen=True, slots=True)
class Idle:
    """There was nothing to commit yet."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The chain stands still until a person decides."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reached:
    """The block to stop at is committed, and state is in line with it."""

    block: int


Outcome = Advanced | Refreshed | Idle | Paused | Reached


class Follower:
    """Follows one chain through a reader into a store."""

    def __init__(
        self, reader: Reader, store: Store, *, to_block: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reader = reader
        self._store = store
        self._to_block = to_block
        self._clock = clock
        self._range_size = plan.RANGE_FIRST
        self._was_refused = False
        self._pending_facts = 0
        self._committed_at = -EMPTY_COMMIT_SECONDS

    async def step(self) -> Outcome:
        """Do one thing that brings us nearer to the head. Raises an `RpcError`, `Fenced` or a database error."""
        cursor = await self._store.cursor()
        if cursor.paused_reason is not None:
            return Paused(cursor.paused_reason)
        if self._to_block is not None and cursor.state_through >= self._to_block:
            return Reached(cursor.number)
        try:
            return await self._follow(cursor, await self._reader.tip())
        except AskLess as refusal:
            self._range_size = plan.range_after_refusal(self._range_size, refusal)
            self._was_refused = True
            return Idle()
        except Undecodable as error:
            return await self._pause(f"a log contradicts its ABI: {error}")

    async def _follow(self, cursor: Cursor, tip: Tip) -> Outcome:
        try:
            return await self._advance(cursor, tip)
        except Reorganised as doubt:
            return await self._replace(cursor, tip, doubt)

    async def _advance(self, cursor: Cursor, tip: Tip) -> Outcome:
        match plan.next_step(self._view(cursor, tip)):
            case ReadHistory(blocks):
                headers, logs = await self._reader.history(cursor.block, blocks)
                self._range_size = plan.range_after_success(
                    self._range_size, logs=len(logs), was_refused=self._was_refused
                )
                return await self._commit(cursor, cursor.block, headers, logs, tip, refresh=False)
            case ReadHead(blocks):
                headers, logs = await self._reader.head(cursor.block, blocks)
                if not logs and self._may_wait(blocks):
                    return Idle()
                return await self._commit(cursor, cursor.block, headers, logs, tip, refresh=True)
            case RefreshState():
                await self._store.refresh_state(cursor)
                self._pending_facts = 0
                return Refreshed(through=cursor.number)
            case Rest():
                if tip.number == cursor.number and tip.head.hash_bytes != cursor.block.hash:
                    raise Reorganised(f"block {tip.number} is {tip.head.hash} now, not {show_bytes(cursor.block.hash)}")
                return Idle()

    async def _replace(self, cursor: Cursor, tip: Tip, doubt: Reorganised) -> Outcome:
        ours = await self._store.blocks_since(cursor.final_through) or [cursor.block]
        match reconcile(ours, await self._reader.hashes([block.number for block in ours])):
            case Unknown(oldest):
                raise TryAgain(f"the endpoint has no block {oldest.number}, which we have: it lags, or was rolled back")
            case TooDeep(oldest):
                return await self._pause(
                    f"the chain was reorganised below block {oldest.number}, which was final: "
                    f"its hash was {show_bytes(oldest.hash)}"
                )
            case Fork(fork) if fork == cursor.block:
                raise Doubtful(f"{doubt}; and yet that block is on the endpoint's chain")
            case Fork(fork):
                return await self._rewind(cursor, fork, tip)

    async def _rewind(self, cursor: Cursor, fork: BlockId, tip: Tip) -> Outcome:
        goal = tip.number if self._to_block is None else min(tip.number, self._to_block)
        if goal <= fork.number:
            return Idle()
        blocks = BlockRange(first=fork.number + 1, last=min(goal, fork.number + plan.HEADERS_MAX))
        headers, logs = await self._reader.head(fork, blocks)
        return await self._commit(cursor, fork, headers, logs, tip, refresh=True)

    async def _commit(
        self, cursor: Cursor, fork: BlockId, headers: list[Header], logs: list[RawLog], tip: Tip, *, refresh: bool
    ) -> Advanced:
        facts = to_facts(logs, {header.height: header for header in headers})
        last = headers[-1]
        segment = Segment(
            fork=fork,
            last=BlockId(number=last.height, hash=last.hash_bytes),
            last_time=last.time,
            # Of final history one header is enough to link the next range to.
            headers=tuple(headers) if refresh else (last,),
            facts=facts,
            tip=tip,
            refresh=refresh,
        )
        await self._store.commit(cursor, segment)
        self._committed_at = self._clock()
        self._pending_facts += 0 if refresh else len(facts)
        return Advanced(
            blocks=BlockRange(first=fork.number + 1, last=last.height),
            events=len(facts),
            undone=cursor.number - fork.number,
            lag=tip.number - last.height,
        )

    async def _pause(self, reason: str) -> Paused:
        await self._store.pause(reason)
        return Paused(reason)

    def _may_wait(self, blocks: BlockRange) -> bool:
        if blocks.last == self._to_block or len(blocks) == plan.HEADERS_MAX:
            return False
        return self._clock() - self._committed_at < EMPTY_COMMIT_SECONDS

    def _view(self, cursor: Cursor, tip: Tip) -> plan.View:
        return plan.View(
            number=cursor.number,
            state_through=cursor.state_through,
            pending_facts=self._pending_facts,
            head=tip.number,
            finalized=max(cursor.final_through, tip.finalized),
            to_block=self._to_block,
            range_size=self._range_size,
        )
