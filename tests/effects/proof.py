"""What must be true of a marketplace once everything has come to rest, whatever happened before."""

import asyncio
import json
import time
from collections import Counter
from typing import Any

from models.state import JOBS
from models.values import parse_bytes32
from runtime import state_store
from runtime.bus import open_bus
from tests.effects.marketplace import LOOK_SECONDS, Marketplace, until
from tests.integration.indexer.tables import gaps_in_feed

STUCK_SECONDS_MAX = 60.0
REST_BLOCKS = 15

# Credits on chain that no transaction of ours explains and no intent has adopted.
STRANGE = """
select (select count(*) from job_count_incremented
        where transaction_hash not in (select transaction_hash from credit_attempts))
    - (select count(*) from credits where adopted)
"""
DOUBLED = """
select count(*) from (
    select job_id from credit_attempts join job_count_incremented using (transaction_hash)
    group by job_id having count(*) > 1
) twice
"""
WRONG_SCORES = """
select count(*) from providers where reputation_score <> (
    select count(*) from job_count_incremented fact
    join addresses known on known.address = fact.provider where known.checksum = wallet_address
)
"""
FINAL_CREDITS = """
select count(*) from job_count_incremented, checkpoints where chain = 'opbnb' and block_number <= final_through
"""
UNDISPATCHED = """
select count(*) from jobs where not exists (
    select from dispatches where dispatches.job_id = jobs.job_id and published_at is not null
)
"""
# A second is for an attempt and an outcome that were under way at the same time. While a job runs, an attempt is right
# where its agent has come again.
NEEDLESS = """
select count(*) from dispatches join agent_reports using (job_id)
where status in ('completed', 'failed') and decided_at > received_at + interval '1 second'
"""


async def all_is_settled(marketplace: Marketplace) -> None:
    """Return when every job is confirmed and credited, and all that has stood for a while; fail when it gets stuck."""
    moved_at, credited = time.monotonic(), -1
    while not await _is_settled(marketplace):
        await nothing_is_credited_before_its_time(marketplace)
        if (now := (await marketplace.credited()).total()) != credited:
            moved_at, credited = time.monotonic(), now
        assert time.monotonic() - moved_at < STUCK_SECONDS_MAX, f"stuck: {await state(marketplace)}"
        await asyncio.sleep(LOOK_SECONDS)
    head = await marketplace.world.opbnb.head()
    await until(lambda: _is_past(marketplace, head + REST_BLOCKS), within=30, what="more blocks")


async def comes_to_rest(marketplace: Marketplace, *, restored: bool = False) -> None:
    """
    Order no more jobs, let those that there are come to their end, and check that each effect is there once.

    A database that was `restored` knows less of it than what happened.
    """
    marketplace.jobs_a_second = 0
    await marketplace.hand_in_again()
    await all_is_settled(marketplace)
    await each_is_credited_once(marketplace)
    each_is_run_once(marketplace)
    await each_attempt_is_on_the_bus_once(marketplace)
    await tables_are_whole(marketplace)
    if not restored:
        await each_is_dispatched_and_answered(marketplace)


async def state(marketplace: Marketplace) -> str:
    """Return where jobs and credits stand, for a complaint."""
    statuses = Counter((await marketplace.market.statuses()).values())
    due, credited = marketplace.due(), await marketplace.credited()
    return f"{len(marketplace.jobs)} jobs, {dict(statuses)}, due {dict(due)}, credited {dict(credited)}"


async def each_is_credited_once(marketplace: Marketplace) -> None:
    """Check the contract's own counts, and that the books explain each of them."""
    assert marketplace.due() == await marketplace.credited()
    assert len(marketplace.jobs) == marketplace.due().total()
    wrong = {query: await _one(marketplace, query) for query in (STRANGE, DOUBLED, WRONG_SCORES)}
    assert dict.fromkeys(wrong, 0) == wrong
    decided = await marketplace.market.ask("select job_id from credits")
    assert set(marketplace.jobs) == {job_id for (job_id,) in decided}


def each_is_run_once(marketplace: Marketplace) -> None:
    """Check that each job was run by its provider's agent, and by nobody else."""
    expected = {(job.provider, job_id): 1 for job_id, job in marketplace.jobs.items()}
    runs = {
        (number, job_id): times for number, agent in marketplace.agents.items() for job_id, times in agent.runs.items()
    }
    assert expected == runs
    assert [job for agent in marketplace.agents.values() for job in agent.not_ours] == []


async def each_attempt_is_on_the_bus_once(marketplace: Marketplace) -> None:
    """Check that no attempt was published twice, and nothing but attempts of jobs; a lost attempt is decided anew."""
    messages = await _messages(marketplace)
    assert [attempt for attempt, times in Counter(messages).items() if times > 1] == []
    assert set(marketplace.jobs) >= {job_id for job_id, _, _ in messages}


async def each_is_dispatched_and_answered(marketplace: Marketplace) -> None:
    """Check that each job was published, not again once it had been answered, and reported done once."""
    wrong = {query: await _one(marketplace, query) for query in (UNDISPATCHED, NEEDLESS)}
    assert dict.fromkeys(wrong, 0) == wrong
    reports = Counter(await marketplace.market.ask("select job_id, status from agent_reports"))
    assert [report for report, times in reports.items() if times > 1] == []
    # That it began may come after that it ended, and is refused then.
    assert set() == {(job_id, "completed") for job_id in marketplace.jobs} - set(reports)


async def tables_are_whole(marketplace: Marketplace) -> None:
    """Check that state follows from the facts, that the feed has no gap, and that nothing waits to be finished."""
    market = marketplace.market
    assert {"COMPLETED"} == set((await market.statuses()).values())
    assert await gaps_in_feed(market.pool) == 0
    async with market.pool.connection() as connection:
        await state_store.lock(connection, JOBS, None)
        assert await state_store.refresh(connection, JOBS, marketplace.jobs, {}) == []


async def nothing_is_credited_before_its_time(marketplace: Marketplace) -> None:
    """Check, at any moment, that no provider has more credits than confirmed jobs."""
    credited = await marketplace.credited()
    assert Counter() == credited - marketplace.due()


async def _is_settled(marketplace: Marketplace) -> bool:
    credited = await marketplace.credited()
    if credited.total() != len(marketplace.jobs) or credited != marketplace.due():
        return False
    return bool(await _one(marketplace, FINAL_CREDITS) == len(marketplace.jobs))


async def _is_past(marketplace: Marketplace, block: int) -> bool:
    return await marketplace.world.opbnb.head() > block


async def _one(marketplace: Marketplace, query: str) -> Any:
    ((value,),) = await marketplace.market.ask(query)
    return value


async def _messages(marketplace: Marketplace) -> list[tuple[bytes, int, str]]:
    """Return job, attempt and token of every message in the stream of jobs."""
    async with open_bus(marketplace.nats.url, program="test") as bus:
        last = (await bus.jetstream.stream_info("JOBS")).state.last_seq
        subscription = await bus.jetstream.subscribe("jobs.dispatch.>", stream="JOBS", ordered_consumer=True)
        bodies: list[dict[str, Any]] = []
        while last and (not bodies or bodies[-1]["sequence"] < last):
            message = await subscription.next_msg(timeout=5)
            bodies.append({**json.loads(message.data), "sequence": message.metadata.sequence.stream})
        await subscription.unsubscribe()
    return [(parse_bytes32(body["jobId"]), body["attempt"], body["token"]) for body in bodies]
