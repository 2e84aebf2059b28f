"""Subscribers are told when the reason of an open job changes, once for each reason, whoever dies meanwhile."""

import asyncio
import json
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from dispatch.dispatcher import Dispatcher
from dispatch.intake import Intake
from dispatch.reason_store import ReasonStore
from dispatch.reasons import Reasons
from graphql_api.program import open_world
from graphql_api.schema import build
from graphql_api.visits import Visit
from models.values import checksum_address, show_bytes
from runtime.settings import ApiSettings
from tests.integration.dispatch.agency import Market
from tests.integration.dispatch.crashes import end_at

LONG = timedelta(days=1)


@pytest.fixture
def reasons(market: Market) -> Reasons:
    """The reasons as one reactor tells them, three jobs a page."""
    return Reasons(ReasonStore(market.pool), page=3)


async def told(market: Market, reasons: Reasons) -> list[int]:
    """Tell, and return the numbers of the jobs that the feed then told of."""
    (before,) = (await market.ask("select position from feed"))[0]
    await reasons.step()
    keys = await market.ask("select key, before = after from changes where position > %s order by key", before)
    assert all(is_untouched for _, is_untouched in keys)
    return [int(key, 16) for key, _ in keys]


async def reason_of(market: Market, number: int) -> str:
    """Return the reason that was told of a job last."""
    found = await market.ask("select reason from told_reasons where job_id = %s", number.to_bytes(32))
    return str(found[0][0])


async def goes(market: Market, *, online: bool, provider: int = 5) -> None:
    """Let a provider come or go."""
    await market.world.register(provider, b"A100", 81920)
    await market.world.opbnb.mine()
    await market.world.beat(provider)
    await market.world.opbnb.mine()
    await market.index.settle()
    await market.ask(
        "update providers set is_online = %s where wallet_address = %s",
        online,
        checksum_address(market.provider(provider)),
    )


async def sent_earlier(market: Market, seconds: float, where: str = "true", *parameters: object) -> None:
    """Let attempts have been sent so much earlier."""
    moved = f"update dispatches set published_at = published_at - %s where {where}"
    await market.ask(moved, timedelta(seconds=seconds), *parameters)


async def test_a_reason_is_told_once(market: Market, reasons: Reasons, dispatcher: Dispatcher) -> None:
    """Of more jobs than fit on a page, and again only where it is another one."""
    await market.open_jobs(*range(1, 8))
    await goes(market, online=True)
    assert await told(market, reasons) == [1, 2, 3, 4, 5, 6, 7]
    assert await told(market, reasons) == []
    await dispatcher.step()
    assert await told(market, reasons) == [1, 2, 3, 4, 5, 6, 7]

    await market.ask(
        "update dispatches set published_at = published_at - interval '1 s' where job_id = %s", b"\0" * 31 + b"\2"
    )

    assert await told(market, reasons) == [2]


async def test_a_provider_that_goes_offline_is_told_of_each_of_its_jobs(
    market: Market, reasons: Reasons, dispatcher: Dispatcher
) -> None:
    await market.open_jobs(1, 2)
    await market.open_jobs(3, provider=6)
    for provider in (5, 6):
        await goes(market, online=True, provider=provider)
    await dispatcher.step()
    await reasons.step()

    await goes(market, online=False)

    with capture_logs() as logs:
        assert await told(market, reasons) == [1, 2]
        assert await told(market, reasons) == []
    assert (await reason_of(market, 1)).startswith("provider offline since 20")
    assert [log["trouble"] for log in logs if log["event"] == "job.trouble"] == ["provider offline"] * 2
    assert [(log["told"], log["offline"]) for log in logs if log["event"] == "reasons.told"] == [(2, 2)]


async def test_a_job_that_nobody_picks_up_is_told_stalled_and_logged_once(
    market: Market, reasons: Reasons, dispatcher: Dispatcher
) -> None:
    """A further attempt is told, and is no new trouble."""
    await market.open_jobs(1)
    await goes(market, online=True)
    await dispatcher.step()
    await reasons.step()
    await sent_earlier(market, 180)
    await market.age(180)

    with capture_logs() as logs:
        assert await told(market, reasons) == [1]
        assert "its agent has never signed in: sent once" in await reason_of(market, 1)
        await dispatcher.step()
        assert await told(market, reasons) == [1]
        assert "its agent has never signed in: sent 2 times" in await reason_of(market, 1)
    assert [log["trouble"] for log in logs if log["event"] == "job.trouble"] == ["stalled"]


async def test_an_agent_that_is_barred_for_good_is_named(
    market: Market, reasons: Reasons, dispatcher: Dispatcher
) -> None:
    await market.open_jobs(1)
    await goes(market, online=True)
    await dispatcher.step()
    await market.ask(
        "insert into agents (address, barred_until, barred_reason) values (%s, 'infinity', 'flood')",
        market.provider(5),
    )

    await reasons.step()

    assert (await reason_of(market, 1)).startswith("the agent's login is barred (flood): sent once")


async def test_a_running_job_gone_silent_and_a_spec_that_does_not_come_are_told(
    market: Market, reasons: Reasons, dispatcher: Dispatcher, intake: Intake
) -> None:
    await market.open_jobs(1)
    await market.open_jobs(2, with_spec=False)
    await goes(market, online=True)
    await dispatcher.step()
    job_id = (1).to_bytes(32)
    body = {"jobId": show_bytes(job_id), "token": await market.token(job_id), "status": "processing"}
    await intake.take(f"agents.{checksum_address(market.provider(5))}.status", json.dumps(body).encode())
    await reasons.step()

    await market.ask("update jobs set created_at = created_at - %s, started_at = started_at - %s", LONG, LONG)

    assert await told(market, reasons) == [1, 2]
    assert (await reason_of(market, 1)).startswith("silent: running since ")
    assert "and has paid at" in await reason_of(market, 2)


async def test_what_readers_are_shown_is_what_subscribers_are_told(
    market: Market, reasons: Reasons, dispatcher: Dispatcher, database_url: str
) -> None:
    """In each state that a job waits in."""
    await market.open_jobs(1)
    await goes(market, online=True)
    await dispatcher.step()
    await market.open_jobs(2)
    await market.open_jobs(3, with_spec=False)
    await market.open_jobs(4, provider=6)
    await dispatcher.step()
    await sent_earlier(market, 180)
    await reasons.step()

    async with open_world(ApiSettings(), database_url=database_url) as world:
        answer = await build().execute("{ jobs { nodes { jobId reason } } }", context_value=Visit(world=world))

    assert answer.data is not None
    shown = {(int(job["jobId"], 16), job["reason"]) for job in answer.data["jobs"]["nodes"]}
    kept = await market.ask("select job_id, reason from told_reasons")
    assert shown == {(int.from_bytes(job_id), reason) for job_id, reason in kept}


async def test_a_job_that_is_done_is_forgotten(market: Market, reasons: Reasons) -> None:
    (job_id, _) = await market.open_jobs(1, 2)
    await reasons.step()
    await market.world.confirm(job_id)
    await market.world.bsc.mine()
    await market.index.settle()

    assert await told(market, reasons) == []

    assert await market.ask("select job_id from told_reasons") == [((2).to_bytes(32),)]


async def test_a_step_looks_at_so_many_jobs_and_the_next_goes_on(market: Market) -> None:
    reasons = Reasons(ReasonStore(market.pool), page=2, jobs_per_step_max=4)
    await market.open_jobs(*range(1, 8))

    assert [await told(market, reasons) for _ in range(3)] == [[1, 2, 3, 4], [5, 6, 7], []]


async def test_reactors_that_tell_at_the_same_time_tell_once(market: Market) -> None:
    await market.open_jobs(*range(1, 8))
    (before,) = (await market.ask("select position from feed"))[0]

    several = [Reasons(ReasonStore(market.pool), page=2) for _ in range(3)]
    for _ in range(6):
        await asyncio.gather(*(each.step() for each in several))

    keys = await market.ask("select key from changes where position > %s", before)
    assert sorted(int(key, 16) for (key,) in keys) == list(range(1, 8))


async def test_whoever_dies_while_telling_leaves_no_job_untold_and_none_told_twice(market: Market) -> None:
    """Ended at every point where a step can be ended, and begun anew."""
    number = 0
    for waits in range(1, 100):
        number += 1
        await market.open_jobs(number)
        (before,) = (await market.ask("select position from feed"))[0]
        was_ended = await end_at(Reasons(ReasonStore(market.pool)).step(), waits)
        await Reasons(ReasonStore(market.pool)).step()

        keys = await market.ask("select key from changes where position > %s", before)
        assert [int(key, 16) for (key,) in keys] == [number], f"cut off at wait {waits}"
        if not was_ended:
            break
    assert number > 5


async def test_nothing_is_told_while_the_index_is_behind(market: Market, reasons: Reasons) -> None:
    """A later block may hold the confirmation of a job that looks open."""
    await market.open_jobs(1)
    await market.ask("update checkpoints set finalized = number + 1 where chain = 'bsc'")

    assert await told(market, reasons) == []
