"""A value that is the same for everybody."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from graphql_api.errors import Unavailable
from graphql_api.live.operations import Operation
from graphql_api.live.registry import Begun, Registry
from graphql_api.live.rendering import Renderer
from graphql_api.program import open_world
from graphql_api.schema import build
from graphql_api.schema.subscription import JobChange
from graphql_api.watches import ValueWatch
from models.feed import ChangeKind
from runtime.settings import AccountSettings, ApiSettings
from tests.unit.graphql_api.live.outlets import Heap

SELECTION = Operation(query="subscription { jobChanges { cursor } }").selection(build())


class Clock:
    """Values that a test tells."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str | Unavailable] = asyncio.Queue()
        self.readers = 0
        self.watched: list[Begun] = []

    async def values(self) -> AsyncGenerator[str, None]:
        self.readers += 1
        try:
            while True:
                value = await self.told.get()
                if isinstance(value, Unavailable):
                    raise value
                yield value
        finally:
            self.readers -= 1


def shown(value: str) -> JobChange:
    """Return a value as some type of the schema."""
    return JobChange(kind=ChangeKind.UPDATED, job_id=None, matches=True, by_reorg=False, cursor=value)


@pytest.fixture
async def registry(schema_url: str) -> AsyncIterator[Registry]:
    """The topics of a process."""
    async with open_world(ApiSettings(), database_url=schema_url, accounts=AccountSettings()) as world:
        yield Registry(world.broadcast, Renderer(build(), world), 10)


@pytest.fixture
async def clock(registry: Registry) -> AsyncIterator[Clock]:
    """A clock that nobody watches in the end."""
    clock = Clock()
    yield clock
    for begun in clock.watched:
        begun.leave()
    async with asyncio.timeout(10):
        while clock.readers or len(registry):
            await asyncio.sleep(0.01)


def join(registry: Registry, clock: Clock) -> tuple[Heap, Begun]:
    """Let somebody watch the clock."""
    heap = Heap()
    clock.watched.append(registry.join(SELECTION, ValueWatch(values=clock.values, tell=shown), None, heap))
    return heap, clock.watched[-1]


async def told(heap: Heap, count: int) -> list[str]:
    """Wait until somebody was told so often, and return what."""
    async with asyncio.timeout(10):
        while len(heap.told) < count:
            await asyncio.sleep(0.01)
    return [json.loads(text)["data"]["jobChanges"]["cursor"] for text in heap.told]


async def test_a_value_is_told_to_all_and_the_newest_to_who_comes_later(registry: Registry, clock: Clock) -> None:
    """One reads the values for everybody; what was told is not told again."""
    (first, _), (second, _) = join(registry, clock), join(registry, clock)
    for value in ("a", "a", "b"):
        clock.told.put_nowait(value)

    assert [await told(heap, 2) for heap in (first, second)] == [["a", "b"]] * 2
    late, _ = join(registry, clock)
    assert await told(late, 1) == ["b"]
    assert clock.readers == 1


async def test_nobody_reads_when_nobody_is_left(registry: Registry, clock: Clock) -> None:
    """And who comes after that begins anew."""
    heap, begun = join(registry, clock)
    clock.told.put_nowait("a")
    await told(heap, 1)
    begun.leave()
    async with asyncio.timeout(10):
        while clock.readers:
            await asyncio.sleep(0.01)

    assert len(registry) == 0


async def test_values_that_end_say_why(registry: Registry, clock: Clock) -> None:
    """To everybody who is there."""
    heap, _ = join(registry, clock)
    clock.told.put_nowait(Unavailable("gone"))
    async with asyncio.timeout(10):
        while not heap.errors:
            await asyncio.sleep(0.01)

    assert [error.message for error in heap.errors] == ["gone"]


async def test_who_comes_after_the_end_begins_anew(registry: Registry, clock: Clock) -> None:
    """Though somebody who reads slowly has not yet gone from what ended."""
    slow, _ = join(registry, clock)
    clock.told.put_nowait(Unavailable("gone"))
    async with asyncio.timeout(10):
        while not slow.errors:
            await asyncio.sleep(0.01)
    late, _ = join(registry, clock)
    clock.told.put_nowait("a")

    assert await told(late, 1) == ["a"]
