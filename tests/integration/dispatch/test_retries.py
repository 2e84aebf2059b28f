"""A job that failed is run once more when a person asks for it, and for no other reason."""

import asyncio
import json

import pytest

from dispatch.dispatcher import Dispatcher
from dispatch.intake import Intake
from dispatch.judge import Accepted, Judgement, Refusal, Refused
from dispatch.reason_store import FIRST, ReasonStore
from dispatch.reasons import news
from models.reason import Trouble
from models.retry_values import HandOut, RunAgain
from models.retry_values import Refusal as NotAgain
from models.state import JOBS
from models.values import checksum_address, show_bytes
from runtime import retry_store, state_store
from tests.integration.dispatch.agency import Agents, Market
from tests.integration.dispatch.test_dispatcher import IDLE

JOB = (1).to_bytes(32)
BY = "an operator"


async def ask(market: Market, job_id: bytes = JOB) -> HandOut | RunAgain | NotAgain:
    """Ask for a retry."""
    async with market.pool.connection() as connection:
        return await retry_store.retry(connection, job_id, asked_by=BY)


async def say(market: Market, intake: Intake, word: str, *, attempt: int) -> Judgement:
    """Report on the job in answer to an attempt."""
    body = {"jobId": show_bytes(JOB), "token": await market.token(JOB, attempt), "status": word}
    return await intake.take(f"agents.{checksum_address(market.provider(5))}.status", json.dumps(body).encode())


@pytest.fixture
async def failed(market: Market, dispatcher: Dispatcher, intake: Intake) -> Market:
    """A market where job 1 of provider 5 was handed out, and failed a minute ago."""
    await market.open_jobs(1)
    await dispatcher.step()
    await say(market, intake, "failed", attempt=1)
    await market.age(60)
    return market


async def test_a_failed_job_is_handed_out_again_and_goes_its_way(
    failed: Market, dispatcher: Dispatcher, intake: Intake
) -> None:
    """Open from the moment of the wish; what its agent says for the attempt before counts no more."""
    assert await dispatcher.step() == IDLE
    assert await ask(failed) == RunAgain()
    assert await failed.ask("select status, error, failed_at, assigned_at from jobs") == [("CREATED", None, None, None)]
    assert await say(failed, intake, "completed", attempt=1) == Refused(reason=Refusal.STALE)

    await dispatcher.step()

    assert await failed.statuses() == {1: "ASSIGNED"}
    assert await say(failed, intake, "completed", attempt=1) == Refused(reason=Refusal.STALE)
    assert await say(failed, intake, "processing", attempt=2) == Accepted(attempt=2)
    assert await failed.statuses() == {1: "RUNNING"}
    assert await say(failed, intake, "completed", attempt=2) == Accepted(attempt=2)
    assert await failed.statuses() == {1: "COMPLETED"}


async def test_a_job_that_fails_again_is_retried_again(failed: Market, dispatcher: Dispatcher, intake: Intake) -> None:
    """Each time under a greater number."""
    for attempt in (2, 3):
        await ask(failed)
        await dispatcher.step()
        assert await say(failed, intake, "failed", attempt=attempt) == Accepted(attempt=attempt)
        await failed.age(60)
    assert await failed.statuses() == {1: "FAILED"}
    assert await dispatcher.step() == IDLE

    ((first,), (second,), (third,)) = await failed.ask("select retry from dispatches order by attempt")

    assert 0 == first < second < third


async def test_an_agent_is_told_by_a_greater_number_that_a_person_wants_another_run(
    failed: Market, dispatcher: Dispatcher, agents: Agents
) -> None:
    agent = await agents.sign_in(5)
    await ask(failed)
    await dispatcher.step()

    ((number,),) = await failed.ask("select number from retries")

    assert [(job["attempt"], job["retry"]) for job in await agent.jobs()] == [(1, 0), (2, number)]


async def test_two_wishes_are_one_retry(failed: Market, dispatcher: Dispatcher) -> None:
    """The second finds the job open."""
    assert {*await asyncio.gather(ask(failed), ask(failed))} == {RunAgain(), HandOut()}

    await dispatcher.step()

    assert await failed.ask("select count(distinct retry), count(*) from dispatches") == [(2, 2)]
    assert await dispatcher.step() == IDLE


async def test_a_retry_of_an_open_job_begins_nothing_anew(
    market: Market, dispatcher: Dispatcher, intake: Intake
) -> None:
    """It is handed out again, and its agent may finish what it began."""
    await market.open_jobs(1)
    await dispatcher.step()
    await say(market, intake, "processing", attempt=1)
    await market.age(60)

    assert await ask(market) == HandOut()

    await dispatcher.step()
    assert await market.ask("select attempt, retry from dispatches order by attempt") == [(1, 0), (2, 0)]
    assert await say(market, intake, "completed", attempt=1) == Accepted(attempt=1)


async def test_who_asked_is_kept(failed: Market) -> None:
    await ask(failed)

    ((number,),) = await failed.ask("select number from retries")
    kept = await failed.ask("select kind, requested_by, finished_at is not null, result from requests")
    assert kept == [("RETRY", BY, True, {"job": show_bytes(JOB), "number": number})]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("delete from job_created", "is not in the database"),
        ("update agent_reports set status = 'completed'", "has delivered a result"),
        ("update job_created set provider = decode(repeat('00', 20), 'hex')", "names the zero address"),
        ("delete from job_specs", "has no spec"),
        (
            "insert into job_confirmed select block_number, log_index + 1, block_hash, block_time, "
            "transaction_hash, job_id, 1 from job_created",
            "its renter has confirmed",
        ),
    ],
)
async def test_what_nobody_can_or_should_run_again_is_refused(failed: Market, change: str, words: str) -> None:
    """And says why."""
    await failed.ask(change)
    async with failed.pool.connection() as connection:
        await state_store.lock(connection, JOBS, [JOB])
        await state_store.refresh(connection, JOBS, [JOB], {})

    refused = await ask(failed)

    assert isinstance(refused, NotAgain)
    assert words in refused.reason
    assert await failed.ask("select from retries") == []


@pytest.mark.parametrize(
    ("is_first", "verdict", "status"), [("report", RunAgain(), "CREATED"), ("retry", HandOut(), "FAILED")]
)
async def test_of_a_failure_and_a_retry_at_once_one_comes_first(
    market: Market, dispatcher: Dispatcher, intake: Intake, is_first: str, verdict: HandOut | RunAgain, status: str
) -> None:
    """Either it had failed and is run again, or it was open and then failed."""
    await market.open_jobs(1)
    await dispatcher.step()
    acts = {"report": say(market, intake, "failed", attempt=1), "retry": ask(market)}
    async with market.pool.connection() as holding:
        await state_store.lock(holding, JOBS, [JOB])
        first = asyncio.ensure_future(acts.pop(is_first))
        await _until_waiting(market, 1)
        second = asyncio.ensure_future(*acts.values())
        await _until_waiting(market, 2)
    ended = await asyncio.gather(first, second)

    assert verdict in ended
    assert Accepted(attempt=1) in ended
    assert await market.statuses() == {1: status}


async def test_an_attempt_decided_while_a_retry_is_asked_for_leaves_it_due(
    failed: Market, dispatcher: Dispatcher, intake: Intake
) -> None:
    """It does not know of the retry: what its agent repeats is stale, and soon the job goes out again."""
    await ask(failed)
    await failed.ask(
        "insert into dispatches (job_id, attempt, provider, token, decided_at, published_at) "
        "select job_id, 9, provider, 'late', now(), now() from dispatches"
    )
    assert await say(failed, intake, "failed", attempt=9) == Refused(reason=Refusal.STALE)
    assert await failed.statuses() == {1: "CREATED"}
    assert await dispatcher.step() == IDLE
    await failed.age(31)

    await dispatcher.step()

    assert await say(failed, intake, "processing", attempt=10) == Accepted(attempt=10)


async def test_a_rebuild_gives_the_same(failed: Market, dispatcher: Dispatcher) -> None:
    """In every state of a retry, as the refresh of the moment left it."""
    for _ in range(2):
        before = await failed.ask("select to_jsonb(jobs) from jobs")
        await failed.ask("delete from jobs")
        async with failed.pool.connection() as connection:
            await state_store.lock(connection, JOBS, None)
            await state_store.refresh_in_bulk(connection, JOBS, JOBS.every_key(), {})

        assert await failed.ask("select to_jsonb(jobs) from jobs") == before

        await ask(failed)
        await dispatcher.step()


async def test_an_agent_that_leaves_a_retry_unanswered_stalls_the_job(failed: Market, dispatcher: Dispatcher) -> None:
    """What it said before is no answer."""
    await ask(failed)
    await dispatcher.step()
    await failed.ask("update dispatches set published_at = published_at - interval '3 min'")
    await failed.ask(
        "insert into providers (wallet_address, gpu_model, vram, last_seen, is_online, total_jobs_completed, "
        "reputation_score, created_at, updated_at) values (%s, '', 1, now(), true, 0, 0, now(), now()) "
        "on conflict (wallet_address) do update set is_online = true, last_seen = now()",
        checksum_address(failed.provider(5)),
    )
    place = FIRST
    troubles = []
    for status in ("CREATED", "ASSIGNED"):
        told = await ReasonStore(failed.pool).tell(news, type(place)(status=type(place.status)(status)), 10)
        assert told is not None
        troubles += [each.reason.trouble for each in told.news]

    assert troubles == [Trouble.STALLED]


async def _until_waiting(market: Market, count: int) -> None:
    """Return when so many wait for a lock of ours."""
    async with asyncio.timeout(10):
        while await market.ask(
            "select count(*) from pg_stat_activity where wait_event = 'advisory' and datname = current_database()"
        ) != [(count,)]:
            await asyncio.sleep(0.02)
