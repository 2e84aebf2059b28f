"""What is worked out once, and for whom."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from graphql_api.live.live import Live
from graphql_api.live.operations import Operation
from graphql_api.program import open_world
from graphql_api.reading import Reading, World
from graphql_api.schema import build
from graphql_api.viewers import Viewer
from graphql_api.visits import Visit
from models.values import checksum_address
from runtime.settings import AccountSettings, ApiSettings
from tests.integration.graphql_api.market import Market, confirmed, created, job_id, registered, somebody
from tests.unit.graphql_api.live.outlets import Heap

CHANGES = """subscription ($filter: JobFilter, $jobId: Bytes32) { jobChanges(filter: $filter, jobId: $jobId) {
    kind matches cursor job { jobId provider { gpuModel } spec { dockerImage } outputUrl } } }"""


class Counted(Reading):
    """A reading that is counted, once it has asked something."""

    all: list["Counted"]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.all.append(self)


@pytest.fixture
async def world(schema_url: str) -> AsyncIterator[World]:
    """What the operations of one process share."""
    async with open_world(ApiSettings(), database_url=schema_url, accounts=AccountSettings()) as world:
        yield world


@pytest.fixture
def live(world: World) -> Live:
    """Live answers, whose readings are counted."""
    Counted.all = []
    schema = build()
    schema.reading = Counted
    return Live(schema, world)


def viewer(name: str, *, is_admin: bool = False) -> Viewer:
    """Return somebody who has signed in."""
    return Viewer(address=somebody(name), shown=checksum_address(somebody(name)), is_admin=is_admin)


async def subscribe(live: Live, world: World, who: Viewer | None = None, **variables: Any) -> Heap:
    """Subscribe; return what is told."""
    heap = Heap()
    await live.begin(Operation(query=CHANGES, variables=variables), Visit(world=world), who, heap)
    assert heap.errors == []
    return heap


async def until_all_is_handed_out(world: World, market: Market) -> None:
    """Wait until what is committed was told to whom it concerned: those who come now hear nothing of it."""
    [(newest,)] = await market.execute("select position from feed")
    async with asyncio.timeout(10):
        while world.broadcast.position.number < newest:
            await asyncio.sleep(0.01)


async def all_told(*heaps: Heap) -> list[str]:
    """Wait until everybody was told once, and return what."""
    async with asyncio.timeout(10):
        while not all(heap.told for heap in heaps):
            await asyncio.sleep(0.01)
    return [heap.told.pop(0) for heap in heaps]


async def test_one_change_is_worked_out_once_for_all(live: Live, world: World, market: Market) -> None:
    """A hundred subscribers, whatever they filter by: one snapshot, three statements, and one and the same text."""
    filters = [{"minPayment": str(number)} for number in range(99)]
    heaps = [await subscribe(live, world, filter=each) for each in filters]
    heaps.append(await subscribe(live, world, jobId="0x" + job_id(1).hex()))
    Counted.all.clear()

    await market.commit(created(1, 10, payment=99))
    told = await all_told(*heaps)

    assert [reading.snapshot.statements for reading in Counted.all if reading.snapshot.statements] == [3]
    assert len({id(text) for text in told}) == 1


async def test_a_commit_of_many_changes_is_one_snapshot(live: Live, world: World, market: Market) -> None:
    """The jobs are asked for together."""
    heap = await subscribe(live, world)
    Counted.all.clear()

    await market.commit(*(created(number, 10, log_index=number, payment=1) for number in range(50)))
    async with asyncio.timeout(10):
        while len(heap.told) < 50:
            await asyncio.sleep(0.01)

    assert sum(reading.snapshot.statements for reading in Counted.all) <= 4
    numbers = [int(json.loads(text)["data"]["jobChanges"]["job"]["jobId"], 16) for text in heap.told]
    assert numbers == list(range(50))


async def test_in_and_out_of_a_filter_are_told_apart(live: Live, world: World, market: Market) -> None:
    """Each is worked out once."""
    await market.commit(created(1, 10, payment=1))
    await until_all_is_handed_out(world, market)
    held = [await subscribe(live, world, filter={"escrow": "HELD"}) for _ in range(3)]
    everything = [await subscribe(live, world) for _ in range(3)]

    await market.commit(confirmed(1, 11))
    told = await all_told(*held, *everything)

    assert [json.loads(text)["data"]["jobChanges"]["matches"] for text in told] == [False] * 3 + [True] * 3
    assert len({id(text) for text in told}) == 2


async def test_what_is_confidential_is_shared_by_its_readers_only(live: Live, world: World, market: Market) -> None:
    """Renter, provider and admin get one text, everybody else another, and neither is worked out twice."""
    await market.commit(created(1, 10, renter="anna", provider="p", payment=1), registered("p", 10))
    await market.execute(
        "insert into job_specs (job_id, renter, docker_image, submitted_at) values (%s, %s, 'secret', now())",
        job_id(1),
        somebody("anna"),
    )
    await until_all_is_handed_out(world, market)
    readers = [viewer("anna"), viewer("p"), viewer("boss", is_admin=True)]
    others = [viewer("ben"), viewer("p2"), None, None]
    heaps = [await subscribe(live, world, who) for who in (*readers, *others)]

    await market.commit(confirmed(1, 11))
    told = await all_told(*heaps)

    images = [(json.loads(text)["data"]["jobChanges"]["job"]["spec"] or {}).get("dockerImage") for text in told]
    assert images == ["secret"] * 3 + [None] * 4
    assert (len({id(text) for text in told[:3]}), len({id(text) for text in told[3:]})) == (1, 1)


async def test_who_comes_after_an_end_is_told_of_what_follows(live: Live, world: World, market: Market) -> None:
    """Though somebody who reads slowly has not yet gone: the database is another, and all were told to begin anew."""
    slow = await subscribe(live, world)
    await market.execute("update feed set epoch = gen_random_uuid()")
    await market.execute(
        """
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()
        """
    )
    async with asyncio.timeout(10):
        while not slow.errors:
            await asyncio.sleep(0.01)
    late = await subscribe(live, world)
    await market.commit(created(1, 10, payment=1))

    assert len(await all_told(late)) == 1


async def test_every_subscription_says_what_it_watches(world: World) -> None:
    """A field whose resolver waits for events itself would hold up the connection that asks for it."""
    Counted.all = []
    schema = build()
    subscription = schema._schema.subscription_type
    assert subscription is not None
    for name in subscription.fields:
        reading = Counted(world)
        async with asyncio.timeout(2):
            stream = await schema.stream(f"subscription {{ {name} {{ __typename }} }}", context_value=reading)
            results = [result async for result in stream]

        assert (results, reading.watched is not None) == ([], True), name
