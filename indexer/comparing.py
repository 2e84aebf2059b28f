"""
Compare the newest blocks we hold with what endpoints have at their heights.

A fork is mostly a block or two deep, so the newest few are compared first, and ever more while no common block is
among them. What takes back more than a few blocks is confirmed by a second endpoint, where one is in use.
"""

from collections.abc import Awaitable, Callable, Sequence

from indexer.reader import Reader
from indexer.reconcile import Disputed, Fork, Theirs, Verdict, needs_second_word, reconcile, weigh
from indexer.store import Store
from indexer.values import Cursor
from models.values import BlockId

COMPARED_FIRST = 16
GROWTH = 8
"""How many blocks are compared at first, and how many times more each time no common one is among them."""

Tell = Callable[[Sequence[int]], Awaitable[Theirs]]


class Comparison:
    """Our newest blocks against the chain's."""

    def __init__(self, reader: Reader, store: Store) -> None:
        self._reader = reader
        self._store = store

    async def verdict(self, cursor: Cursor) -> Verdict | Disputed:
        """Return where the chain left our blocks from the last final one on."""
        ours = await self._store.blocks_since(cursor.final_through) or [cursor.block]
        first = await _compared(ours, self._reader.theirs)
        if not needs_second_word(first, cursor=cursor.number):
            return first
        numbers = [block.number for block in ours]
        told = await self._reader.seconds(numbers)
        return first if told is None else weigh(first, reconcile(ours, told))

    async def fork_below_finality(self) -> BlockId | None:
        """Return the newest block of all we hold that the chain still has, however final it was; None if none is."""
        ours = await self._store.blocks_since(0)
        verdict = await _compared(ours, self._reader.theirs)
        return verdict.at if isinstance(verdict, Fork) else None


async def _compared(ours: Sequence[BlockId], tell: Tell) -> Verdict:
    count = COMPARED_FIRST
    while True:
        newest = ours[-count:]
        verdict = reconcile(newest, await tell([block.number for block in newest]))
        if isinstance(verdict, Fork) or len(newest) == len(ours):
            return verdict
        count *= GROWTH
