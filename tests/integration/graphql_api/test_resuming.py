"""Subscriptions that come back with a cursor."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from indexer.retention_store import forget_changes
from runtime.feed import Position
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import (
    Market,
    claimed,
    confirmed,
    created,
    job_hex,
)
from tests.integration.graphql_api.watching import JOBS, next_change, until_it_hears


async def test_resuming_tells_each_key_once_as_it_is_now_and_goes_live(api: Client, market: Market) -> None:
    """What changed since the cursor comes first; what changes from now on follows, and nothing in between is lost."""
    async with api.watch(JOBS) as watching:
        await until_it_hears(watching, market)
        await market.commit(created(1, 10, payment=1))
        cursor = (await next_change(watching))["cursor"]
    await market.commit(confirmed(1, 11))
    await market.commit(created(2, 12, payment=2))
    await market.commit(claimed(1, 13, amount=1))
    fleeting = created(3, 14, payment=3)
    await market.commit(fleeting)
    await market.undo(fleeting)

    async with api.watch(JOBS, after=cursor) as watching:
        first, second = await next_change(watching), await next_change(watching)
        await market.commit(created(4, 15, payment=4))
        third = await next_change(watching)

    told = [(change["jobId"], change["kind"], change["job"]["escrow"]) for change in (first, second, third)]
    assert told == [
        (job_hex(1), "UPDATED", "CLAIMED"),
        (job_hex(2), "CREATED", "HELD"),
        (job_hex(4), "CREATED", "HELD"),
    ]


async def test_resuming_while_changes_come_loses_nothing(api: Client, market: Market) -> None:
    """Subscribing in the middle of a stream of commits, every key comes at least once, from some cursor on."""
    async with api.watch(JOBS) as watching:
        await until_it_hears(watching, market)
        await market.commit(created(1, 1, payment=1))
        cursor = (await next_change(watching))["cursor"]

    async def create() -> None:
        for number in range(2, 62):
            await market.commit(created(number, number, payment=1))

    creating = asyncio.create_task(create())
    seen: list[int] = []
    while 61 not in seen:
        async with api.watch(JOBS, after=cursor) as watching:
            for _ in range(7):
                change = await next_change(watching)
                seen.append(int(change["jobId"], 16))
                cursor = change["cursor"]
                if 61 in seen:
                    break
    await creating

    assert seen == list(range(2, 62))


async def test_stopping_in_the_middle_of_a_replay_still_tells_what_left(api: Client, market: Market) -> None:
    """A key that left the filter and changed again outside is told of, wherever the replay was cut."""
    held = {"escrow": "HELD"}
    await market.commit(created(1, 10, payment=1), created(2, 10, log_index=1, payment=1))
    async with api.watch(JOBS, filter=held) as watching:
        await until_it_hears(watching, market)
        await market.commit(created(3, 11, payment=1))
        cursor = (await next_change(watching))["cursor"]
    await market.commit(confirmed(1, 12))
    await market.commit(confirmed(2, 13))
    await market.commit(claimed(2, 14, amount=1))
    await market.commit(claimed(1, 15, amount=1))

    async with api.watch(JOBS, filter=held, after=cursor) as watching:
        first = await next_change(watching)
    async with api.watch(JOBS, filter=held, after=first["cursor"]) as watching:
        second = await next_change(watching)

    assert [job_hex(1), job_hex(2)] == [first["jobId"], second["jobId"]]
    assert not first["matches"]
    assert not second["matches"]


async def test_a_cursor_of_another_lineage_is_refused(api: Client) -> None:
    """A restored database does not continue the positions it once gave out."""
    error = await _refusal(api, JOBS, after=str(Position(epoch=uuid.uuid4(), number=0)))

    assert "after: a cursor of another database: read anew" in error["message"]
    assert error["extensions"]["code"] == "CURSOR_EXPIRED"


async def test_a_cursor_older_than_the_feed_is_refused(api: Client, market: Market) -> None:
    """What is no longer kept cannot be told, and saying nothing would be a lie."""
    await market.commit(created(1, 10, payment=1))
    await market.commit(created(2, 11, payment=1))
    await market.execute("delete from changes where position = 1")
    [(epoch,)] = await market.execute("select epoch from feed")

    error = await _refusal(api, JOBS, after=str(Position(epoch=epoch, number=0)))

    assert "what changed since this cursor is no longer kept" in error["message"]
    assert error["extensions"]["code"] == "CURSOR_EXPIRED"


async def test_what_the_retention_cut_is_not_passed_over(api: Client, market: Market, schema_url: str) -> None:
    """From before the cut the cursor is refused; from just before what was kept, that is told."""
    for number in (1, 2, 3):
        await market.commit(created(number, number, payment=1))
    [(epoch, newest)] = await market.execute("select epoch, position from feed")
    async with await psycopg.AsyncConnection.connect(schema_url, autocommit=True) as connection:
        assert await forget_changes(connection, timedelta(0)) == newest - 1

    error = await _refusal(api, JOBS, after=str(Position(epoch=epoch, number=newest - 2)))
    async with api.watch(JOBS, after=str(Position(epoch=epoch, number=newest - 1))) as watching:
        kept = await next_change(watching)

    assert error["extensions"]["code"] == "CURSOR_EXPIRED"
    assert kept["jobId"] == job_hex(3)


async def test_an_emptied_feed_is_no_feed_without_changes(api: Client, market: Market) -> None:
    """Only who has seen everything may go on from there."""
    await market.commit(created(1, 1, payment=1))
    await market.execute("delete from changes")
    [(epoch, newest)] = await market.execute("select epoch, position from feed")

    error = await _refusal(api, JOBS, after=str(Position(epoch=epoch, number=newest - 1)))
    async with api.watch(JOBS, after=str(Position(epoch=epoch, number=newest))) as watching:
        await until_it_hears(watching, market)
        await market.commit(created(2, 2, payment=1))
        heard = await next_change(watching)

    assert error["extensions"]["code"] == "CURSOR_EXPIRED"
    assert heard["jobId"] == job_hex(2)


@pytest.mark.parametrize("cursor", ["", "garbage", "AAAA", "\ud800", "😀", "=" * 40])
async def test_a_cursor_that_is_none_is_refused(api: Client, cursor: str) -> None:
    """Whatever it is, the client is told what was expected."""
    error = await _refusal(api, JOBS, after=cursor)

    assert "is not a cursor of this feed; expected the cursor of a change" in error["message"]
    assert error["extensions"]["code"] == "BAD_INPUT"


async def test_wrong_arguments_of_a_subscription_are_named(api: Client) -> None:
    """As with queries."""
    error = await _refusal(api, JOBS, filter={"renter": "0x12"})

    assert "'0x12' is not an address: expected 0x and 40 hex digits" in error["message"]


async def _refusal(api: Client, query: str, **variables: Any) -> Any:
    async with api.watch(query, **variables) as watching:
        message = await watching.message()
        payload = message["payload"]
        return (payload if message["type"] == "error" else payload["errors"])[0]
