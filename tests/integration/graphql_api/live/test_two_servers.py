"""Two API processes on one database: whoever loses one goes on at the other."""

from typing import Any

from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import Market, claimed, confirmed, created, job_hex
from tests.integration.graphql_api.watching import JOBS, next_change, until_it_hears

HELD = {"escrow": "HELD"}


async def test_a_cursor_of_one_server_is_good_at_another(schema_url: str, market: Market) -> None:
    """What was created, what left the filter and what a reorg undid meanwhile comes once, then what is new."""
    async with serving(schema_url) as second:
        async with serving(schema_url) as first, first.watch(JOBS, filter=HELD) as watching:
            await until_it_hears(watching, market)
            undone = created(2, 10, log_index=1, payment=1)
            await market.commit(created(1, 10, payment=1), undone)
            cursor = [await next_change(watching) for _ in range(2)][-1]["cursor"]
            await first.stop()
        await market.commit(confirmed(1, 11))
        await market.undo(undone)
        await market.commit(created(3, 12, payment=1))
        await market.commit(claimed(1, 13, amount=1))

        async with second.watch(JOBS, filter=HELD, after=cursor) as watching:
            missed = [_seen(await next_change(watching)) for _ in range(3)]
            await market.commit(created(4, 14, payment=1))
            live = _seen(await next_change(watching))

    assert missed == [
        (job_hex(1), "UPDATED", False, False),
        (job_hex(2), "REMOVED", False, True),
        (job_hex(3), "CREATED", True, False),
    ]
    assert live == (job_hex(4), "CREATED", True, False)


async def test_both_tell_the_same_with_the_same_cursors(schema_url: str, market: Market) -> None:
    """Also a server that is started anew, from any cursor in between."""
    async with (
        serving(schema_url) as first,
        serving(schema_url) as second,
        first.watch(JOBS) as one,
        second.watch(JOBS) as other,
    ):
        await until_it_hears(one, market)
        await until_it_hears(other, market)
        for number in range(1, 6):
            await market.commit(created(number, number, payment=number))
        told = [await next_change(one) for _ in range(5)]
        assert told == [await next_change(other) for _ in range(5)]
    async with serving(schema_url) as third:
        for number, change in enumerate(told[:-1]):
            assert await _all_after(third, change["cursor"], len(told) - number - 1) == [
                each["jobId"] for each in told[number + 1 :]
            ]


def _seen(change: Any) -> tuple[str, str, bool, bool]:
    return change["jobId"], change["kind"], change["matches"], change["byReorg"]


async def _all_after(api: Client, cursor: str, count: int) -> list[str]:
    async with api.watch(JOBS, after=cursor) as watching:
        return [(await next_change(watching))["jobId"] for _ in range(count)]
