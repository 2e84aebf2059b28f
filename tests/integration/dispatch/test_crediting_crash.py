"""A signer may die at any touch of the database and the chain."""

from inspect import iscoroutinefunction
from typing import Any

import pytest

from tests.integration.dispatch.signing import Clock, begin, credited_on_chain, crediting, finish, round_trip
from tests.integration.indexer.conftest import Indexing
from tests.integration.local_chain import World


async def test_a_signer_that_dies_at_any_point_doubles_and_loses_nothing(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Ended before or after each touch of the database and the chain, and started again: each job is credited once."""
    finished = 0
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
    for point in range(60):
        await finish(world, 1, tag=point)
        finished += 1
        await index.settle()
        outlived = await live_until(point, world, database_url, clock)
        clock.pass_(6)
        async with crediting(world, database_url, clock) as signer:
            await round_trip(world, index, signer, clock, rounds=3)
        if outlived:
            break
    else:
        pytest.fail("two steps touch more than was tried")

    assert finished > 10
    assert finished == await credited_on_chain(world)


async def live_until(point: int, world: World, url: str, clock: Clock) -> bool:
    """Take two steps, dying at the given touch; return whether there are not so many touches."""
    fuse = Fuse(point)
    async with crediting(world, url, clock, wrap=lambda part: Mortal(part, fuse)) as signer:
        try:
            for _ in range(2):
                await signer.step()
        except Died:
            return False
    return True


class Died(Exception):
    """The process ends here."""


class Fuse:
    """Counts touches down and burns out at the last."""

    def __init__(self, left: int) -> None:
        self._left = left

    def touch(self) -> None:
        if self._left == 0:
            raise Died
        self._left -= 1


class Mortal:
    """Passes every call on, and may die right before it or right after it."""

    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner, self._fuse = inner, fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if not iscoroutinefunction(method):
            return method

        async def call(*arguments: Any, **named: Any) -> Any:
            self._fuse.touch()
            result = await method(*arguments, **named)
            self._fuse.touch()
            return result

        return call
