"""Ranges are read many at once and handed out in order, whatever becomes of each."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from chain.errors import TryAgain
from indexer.values import Piece
from indexer.window import Window
from models.values import BlockRange, ProofLevel
from tests.unit.indexer.chains import headers, log


class Chain:
    """Reads ranges when a test lets it; `begun` are those that were asked for, in order."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.failing: set[int] = set()
        self._answers: dict[int, asyncio.Event] = {}

    async def read(self, blocks: BlockRange) -> Piece:
        self.begun.append(blocks.first)
        await self._answers.setdefault(blocks.first, asyncio.Event()).wait()
        if blocks.first in self.failing:
            raise TryAgain("not now")
        return piece(blocks)

    def answer(self, *firsts: int) -> None:
        for first in firsts:
            self._answers.setdefault(first, asyncio.Event()).set()


def span(first: int) -> BlockRange:
    return BlockRange(first=first, last=first + 9)


def piece(blocks: BlockRange, *, logs: int = 0) -> Piece:
    return Piece(
        blocks=blocks,
        parent=bytes(32),
        headers=tuple(headers(blocks.last, blocks.last)),
        logs=(log(blocks.last),) * logs,
        level=ProofLevel.HASH,
        final_through=1_000,
        source="endpoint",
    )


async def test_ranges_come_in_order_however_they_are_answered() -> None:
    """All are asked for at once, and the last is answered first."""
    chain, window = Chain(), Window()
    for first in (10, 20, 30):
        window.start(span(first), chain.read)
    chain.answer(30, 20, 10)

    assert [(await window.next()).blocks.first for _ in range(3)] == [10, 20, 30]
    assert chain.begun == [10, 20, 30]


async def test_a_range_that_fails_is_read_again_and_the_others_are_kept() -> None:
    """Nothing in flight is lost by one failure."""
    chain, window = Chain(), Window()
    chain.failing.add(10)
    for first in (10, 20):
        window.start(span(first), chain.read)
    chain.answer(10, 20)
    with pytest.raises(TryAgain):
        await window.next()
    chain.failing.clear()
    window.resume(chain.read)

    assert [(await window.next()).blocks.first for _ in range(2)] == [10, 20]
    assert chain.begun == [10, 20, 10]


async def test_what_is_left_of_a_range_comes_next() -> None:
    """An endpoint gave less than it was asked for."""

    async def read(blocks: BlockRange) -> Piece:
        return piece(BlockRange(first=blocks.first, last=min(blocks.last, blocks.first + 3)))

    window, taken = Window(), []
    window.start(span(10), read)
    window.start(span(20), read)
    while window.first is not None:
        taken.append((await window.next()).blocks)
        window.resume(read)

    assert [(each.first, each.last) for each in taken] == [(10, 13), (14, 17), (18, 19), (20, 23), (24, 27), (28, 29)]


async def test_it_says_which_blocks_are_on_their_way() -> None:
    """From the first to the last."""
    chain, window = Chain(), Window()
    assert (window.first, window.through) == (None, None)
    window.start(span(10), chain.read)
    window.start(span(20), chain.read)

    assert (window.first, window.through) == (10, 29)

    await window.clear()
    assert (window.first, window.through) == (None, None)


async def test_it_is_full_by_count() -> None:
    """No more reads than it was made for."""
    chain, window = Chain(), Window(reads_max=2)
    window.start(span(10), chain.read)
    assert window.has_room()
    window.start(span(20), chain.read)

    assert not window.has_room()

    await window.clear()


async def test_it_is_full_by_bytes() -> None:
    """What is read and not taken counts with its size, and what is under way as large as the last one."""

    async def read(blocks: BlockRange) -> Piece:
        return replace(piece(blocks), logs=(log(blocks.last),) * 100)

    window = Window(bytes_max=piece(span(10), logs=100).size + 1)
    window.start(span(10), read)
    await window.next()
    window.start(span(20), read)
    assert window.has_room()
    window.start(span(30), read)

    assert not window.has_room()

    await window.clear()


async def test_a_taker_that_is_cancelled_loses_nothing() -> None:
    """The next one gets the range."""
    chain, window = Chain(), Window()
    window.start(span(10), chain.read)
    taker = asyncio.ensure_future(window.next())
    await asyncio.sleep(0)
    taker.cancel()
    await asyncio.wait([taker])
    chain.answer(10)

    assert span(10) == (await window.next()).blocks
    assert chain.begun == [10]


async def test_clearing_ends_what_is_under_way() -> None:
    """No task outlives it, not even one that has failed."""
    chain, window = Chain(), Window()
    before = asyncio.all_tasks()
    chain.failing.add(10)
    chain.answer(10)
    for first in (10, 20):
        window.start(span(first), chain.read)
    await asyncio.sleep(0.01)
    await window.clear()

    assert before == asyncio.all_tasks()


def linked(blocks: BlockRange, **different: Any) -> Piece:
    """Return a piece that follows the one before."""
    return replace(piece(blocks), **{"parent": headers(blocks.first, blocks.first)[0].parent_hash_bytes, **different})


async def taken_at_once(*pieces: Piece) -> list[tuple[int, int]]:
    """Return which blocks each taker gets of pieces that are all read before the first asks."""
    window, given = Window(), iter(pieces)

    async def read(_: BlockRange) -> Piece:
        return next(given)

    for each in pieces:
        window.start(each.blocks, read)
    await asyncio.sleep(0)
    taken = []
    while window.first is not None:
        run = await window.run()
        taken.append((run.blocks.first, run.blocks.last))
    return taken


async def test_what_is_read_already_is_handed_out_as_one() -> None:
    """One commit serves them all."""
    assert await taken_at_once(linked(span(10)), linked(span(20)), linked(span(30))) == [(10, 39)]


@pytest.mark.parametrize(
    "different",
    [{"parent": bytes(32)}, {"level": ProofLevel.BLOOM}, {"source": "another"}],
    ids=",".join,
)
async def test_only_what_was_proven_alike_and_follows_is_handed_out_as_one(different: dict[str, Any]) -> None:
    """Whoever doubts a part of it must know whose it is."""
    pieces = [linked(span(10)), linked(span(20), **different)]

    assert await taken_at_once(*pieces) == [(10, 19), (20, 29)]
