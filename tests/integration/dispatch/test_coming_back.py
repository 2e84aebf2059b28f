"""A job is handed out again at once when its agent signs in, and no more often than is good for anybody."""

import json
from datetime import UTC, datetime, timedelta

from dispatch import plan
from dispatch.dispatcher import Dispatcher, HandedOut
from dispatch.intake import Intake
from dispatch.judge import Accepted, Judgement, Refusal, Refused
from models.values import checksum_address, show_bytes
from runtime import retry_store
from runtime.bus import Bus
from tests.integration.dispatch.agency import Agents, Market
from tests.integration.dispatch.test_dispatcher import IDLE, ids, stored

JOB = (1).to_bytes(32)
AGAIN = HandedOut(decided=1, published=1)


async def signs_in(market: Market, provider: int = 5, *, seconds_ago: float = 0) -> None:
    """Note that a provider's agent came in by the door."""
    at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    await market.ask(
        "insert into agents (address, signed_in_at) values (%s, %s) "
        "on conflict (address) do update set signed_in_at = excluded.signed_in_at",
        market.provider(provider),
        at,
    )


async def say(market: Market, intake: Intake, word: str, *, attempt: int) -> Judgement:
    """Report on the job in answer to an attempt."""
    body = {"jobId": show_bytes(JOB), "token": await market.token(JOB, attempt), "status": word}
    return await intake.take(f"agents.{checksum_address(market.provider(5))}.status", json.dumps(body).encode())


async def test_a_job_is_due_at_once_when_its_agent_signs_in_again(
    market: Market, dispatcher: Dispatcher, bus: Bus
) -> None:
    """However long the pause would last; the jobs of other providers wait."""
    await market.open_jobs(1)
    await market.open_jobs(2, provider=6)
    await dispatcher.step()
    await market.ask("update dispatches set attempt = 7")
    await market.age(60)
    assert await dispatcher.step() == IDLE

    await signs_in(market)

    assert await dispatcher.step() == AGAIN
    assert await stored(bus) == sorted([*ids(1, 2), *ids(1, attempt=8)])
    assert await dispatcher.step() == IDLE


async def test_pauses_grow_to_half_an_hour_and_never_end(market: Market, dispatcher: Dispatcher) -> None:
    """However often the agent has said nothing."""
    await market.open_jobs(1)
    await dispatcher.step()
    for number in (7, 99):
        await market.ask(
            "update dispatches set attempt = %s where attempt = (select max(attempt) from dispatches)", number
        )
        await market.age(1795)
        assert await dispatcher.step() == IDLE
        await market.age(6)
        assert await dispatcher.step() == AGAIN, number


async def test_a_sign_in_before_the_newest_attempt_changes_nothing(market: Market, dispatcher: Dispatcher) -> None:
    await market.open_jobs(1)
    await signs_in(market, seconds_ago=50)
    await dispatcher.step()
    await market.age(29)

    assert await dispatcher.step() == IDLE


async def test_half_a_minute_lies_between_two_attempts(market: Market, dispatcher: Dispatcher) -> None:
    await market.open_jobs(1)
    await dispatcher.step()
    await market.age(20)
    await signs_in(market)
    assert await dispatcher.step() == IDLE

    await market.age(10)

    assert await dispatcher.step() == AGAIN


async def test_an_agent_that_comes_and_goes_all_day_gets_a_handful_of_attempts_an_hour(
    market: Market, dispatcher: Dispatcher
) -> None:
    """Ten within the hour, and one that silence brings anyway."""
    await market.open_jobs(1)
    for _ in range(90):
        await dispatcher.step()
        await market.age(40)
        await signs_in(market)

    assert await market.ask("select count(*) from dispatches") == [(plan.URGENT_PER_HOUR_MAX + 1,)]


async def test_a_running_job_is_handed_out_again_at_a_sign_in(
    market: Market, dispatcher: Dispatcher, intake: Intake, bus: Bus
) -> None:
    """The agent may have forgotten it."""
    await market.open_jobs(1)
    await dispatcher.step()
    await say(market, intake, "processing", attempt=1)
    await market.age(86_400)
    assert await dispatcher.step() == IDLE

    await signs_in(market)

    assert await dispatcher.step() == AGAIN
    assert await stored(bus) == [*ids(1), *ids(1, attempt=2)]
    assert await market.statuses() == {1: "RUNNING"}


async def test_a_running_job_that_is_silent_is_asked_about_each_hour(
    market: Market, dispatcher: Dispatcher, intake: Intake
) -> None:
    """What its agent said at the end may have been lost; an agent that has ended says it again."""
    await market.open_jobs(1)
    await dispatcher.step()
    await say(market, intake, "processing", attempt=1)
    await market.ask("update jobs set started_at = started_at - %s", plan.RUNNING_PAUSE)
    assert await dispatcher.step() == IDLE
    await market.age(plan.RUNNING_PAUSE.total_seconds())

    assert await dispatcher.step() == AGAIN
    assert await dispatcher.step() == IDLE
    assert await say(market, intake, "completed", attempt=2) == Accepted(attempt=2)


async def test_a_sign_in_before_the_job_was_taken_up_is_no_coming_back(
    market: Market, dispatcher: Dispatcher, intake: Intake
) -> None:
    """It was away, came in, took the job from its consumer and said so."""
    await market.open_jobs(1)
    await dispatcher.step()
    await market.age(60)
    await signs_in(market)
    await say(market, intake, "processing", attempt=1)

    assert await dispatcher.step() == IDLE


async def test_an_agent_that_went_on_running_is_believed_in_answer_to_the_earlier_attempt(
    market: Market, dispatcher: Dispatcher, intake: Intake
) -> None:
    """It says of the later attempt only what it said before, and finishes what it began."""
    await market.open_jobs(1)
    await dispatcher.step()
    await say(market, intake, "processing", attempt=1)
    await market.age(60)
    await signs_in(market)
    await dispatcher.step()

    assert await say(market, intake, "processing", attempt=2) == Refused(reason=Refusal.REPEATED)
    assert await say(market, intake, "completed", attempt=1) == Accepted(attempt=1)
    assert await say(market, intake, "completed", attempt=2) == Refused(reason=Refusal.REPEATED)
    assert await market.statuses() == {1: "COMPLETED"}


async def test_an_agent_that_forgot_answers_the_later_attempt(
    market: Market, dispatcher: Dispatcher, intake: Intake
) -> None:
    """Then the earlier one has nothing more to say."""
    await market.open_jobs(1)
    await dispatcher.step()
    await say(market, intake, "processing", attempt=1)
    await market.age(60)
    await signs_in(market)
    await dispatcher.step()

    assert await say(market, intake, "failed", attempt=2) == Accepted(attempt=2)
    assert await say(market, intake, "completed", attempt=1) == Refused(reason=Refusal.STALE)


async def test_a_job_that_has_an_outcome_is_not_handed_out_again_by_itself(
    market: Market, dispatcher: Dispatcher, intake: Intake
) -> None:
    await market.open_jobs(1)
    await dispatcher.step()
    await say(market, intake, "failed", attempt=1)
    await market.age(60)
    await signs_in(market)

    assert await dispatcher.step() == IDLE


async def test_a_retry_makes_a_job_due_at_once(market: Market, dispatcher: Dispatcher) -> None:
    """Once for each time somebody asks, and not before half a minute is over."""
    await market.open_jobs(1)
    await dispatcher.step()
    await market.ask("update dispatches set attempt = 7")
    async with market.pool.connection() as connection:
        await retry_store.retry(connection, JOB, asked_by="an operator")
    assert await dispatcher.step() == IDLE

    await market.age(31)

    assert await dispatcher.step() == AGAIN
    await market.age(31)
    assert await dispatcher.step() == IDLE


async def test_an_agent_that_comes_in_by_the_door_gets_its_job_again(
    market: Market, dispatcher: Dispatcher, agents: Agents
) -> None:
    """It had the job once, and was away for long."""
    await market.open_jobs(1)
    await dispatcher.step()
    await market.age(60)

    agent = await agents.sign_in(5)

    assert await dispatcher.step() == AGAIN
    assert [job["attempt"] for job in await agent.jobs()] == [1, 2]
