"""Each job that is final and has a spec reaches its provider's agent, and is published once, whoever dies meanwhile."""

import asyncio
import json
import os
import signal
from typing import Any

import pytest
from nats.errors import Error
from nats.errors import TimeoutError as NothingCame

from chain.rpc import Rpc
from dispatch import plan
from dispatch.dispatcher import Dispatcher, HandedOut
from dispatch.outbox import Outbox
from dispatch.streams import Streams
from dispatch.witness import Witness
from models.values import checksum_address, show_bytes
from runtime.bus import Bus
from runtime.embedded_nats import EmbeddedNats
from tests.integration.dispatch.agency import FINAL, Agents, Market, dispatching
from tests.integration.dispatch.crashes import end_at
from tests.integration.meddler import meddling

IDLE = HandedOut(decided=0, published=0)


async def stored(bus: Bus) -> list[str]:
    """Return the message ids in the stream of jobs, without the tokens in them."""
    state = (await bus.jetstream.stream_info("JOBS")).state
    messages = [await bus.jetstream.get_msg("JOBS", seq) for seq in range(state.first_seq, state.last_seq + 1)]
    return sorted((message.headers or {})["Nats-Msg-Id"].rpartition(":")[0] for message in messages)


def ids(*numbers: int, attempt: int = 1) -> list[str]:
    """Return the message ids of an attempt at each of these jobs."""
    return [f"{number.to_bytes(32).hex()}:{attempt}" for number in sorted(numbers)]


async def test_a_plain_subscriber_gets_its_job_and_not_anothers(
    market: Market, agents: Agents, dispatcher: Dispatcher
) -> None:
    (mine,) = await market.open_jobs(1, provider=5)
    await market.open_jobs(2, provider=6)
    agent = await agents.sign_in(5)
    heard = await agent.client.subscribe(f"jobs.dispatch.{agent.address}")
    await agent.client.flush()

    assert await dispatcher.step() == HandedOut(decided=2, published=2)

    job = json.loads((await heard.next_msg(timeout=5)).data)
    assert (show_bytes(mine), "alpine:3") == (job["jobId"], job["dockerImage"])
    assert job["token"] == await market.token(mine)
    with pytest.raises(NothingCame):
        await heard.next_msg(timeout=0.3)
    assert await market.statuses() == {1: "ASSIGNED", 2: "ASSIGNED"}


async def test_a_durable_consumer_gets_its_jobs_after_having_been_away(
    market: Market, agents: Agents, dispatcher: Dispatcher
) -> None:
    """Those of before its first login too."""
    await market.open_jobs(1)
    await dispatcher.step()
    agent = await agents.sign_in(5)
    assert [int(job["jobId"], 16) for job in await agent.jobs()] == [1]
    await agent.client.close()
    await market.open_jobs(2, 3)
    await market.open_jobs(4, provider=6)
    await dispatcher.step()

    returned = await agents.sign_in(5)

    assert [int(job["jobId"], 16) for job in await returned.jobs()] == [2, 3]


async def test_a_job_is_not_due_before_it_is_final_and_has_a_spec(market: Market, dispatcher: Dispatcher) -> None:
    job_id = (1).to_bytes(32)
    await market.world.create_job(job_id, provider=market.provider(5))
    await market.world.bsc.mine()
    await market.index.settle()
    assert await dispatcher.step() == IDLE
    await market.hand_in(job_id)
    assert await dispatcher.step() == IDLE

    await market.world.bsc.mine(FINAL)
    await market.index.settle()

    assert await dispatcher.step() == HandedOut(decided=1, published=1)


async def test_a_spec_counts_only_from_the_jobs_renter(market: Market, dispatcher: Dispatcher) -> None:
    (job_id,) = await market.open_jobs(1, with_spec=False)
    await market.hand_in(job_id, renter=2)

    assert await dispatcher.step() == IDLE


async def test_a_job_for_nobody_stays(market: Market, dispatcher: Dispatcher) -> None:
    """The zero address as provider means that there is none."""
    job_id = (1).to_bytes(32)
    await market.world.create_job(job_id, provider=bytes(20))
    await market.world.bsc.mine(FINAL)
    await market.index.settle()
    await market.hand_in(job_id)

    assert await dispatcher.step() == IDLE


async def test_a_job_that_the_chain_has_settled_is_not_handed_out(market: Market, dispatcher: Dispatcher) -> None:
    (job_id,) = await market.open_jobs(1)
    await market.world.confirm(job_id)
    await market.world.bsc.mine()
    await market.index.settle()

    assert await dispatcher.step() == IDLE


async def test_nothing_goes_out_while_the_index_is_behind_or_paused(market: Market, dispatcher: Dispatcher) -> None:
    """A later block may hold the confirmation of a job that looks open."""
    await market.open_jobs(1)
    await market.ask("update checkpoints set finalized = number + 1 where chain = 'bsc'")
    assert await dispatcher.step() == IDLE
    await market.ask("update checkpoints set finalized = number, paused_reason = 'fork' where chain = 'bsc'")
    assert await dispatcher.step() == IDLE
    await market.ask("update checkpoints set paused_reason = null where chain = 'bsc'")

    assert await dispatcher.step() == HandedOut(decided=1, published=1)


async def test_a_job_whose_log_is_not_on_chain_is_not_handed_out(market: Market, dispatcher: Dispatcher) -> None:
    """Our tables say what the chain does not: the others go on."""
    await market.open_jobs(1, 2, 3)
    await market.ask("update job_created set block_hash = %s where job_id = %s", b"\1" * 32, (1).to_bytes(32))
    await market.ask("update job_created set payment = payment + 1 where job_id = %s", (2).to_bytes(32))

    assert await dispatcher.step() == HandedOut(decided=1, published=1)

    assert await market.statuses() == {1: "CREATED", 2: "CREATED", 3: "ASSIGNED"}
    assert await dispatcher.step() == IDLE


async def test_a_job_is_handed_out_when_one_endpoint_is_behind_and_not_when_two_contradict_each_other(
    market: Market, bus: Bus
) -> None:
    """The indexer's endpoint is the last to be asked."""
    await market.open_jobs(1)
    async with meddling(market.world.bsc.url) as second, Rpc([second.url, market.world.bsc.url]) as rpc:
        witness = Witness(rpc, market.world.job_manager.contract, clock=(clock := Hours()))
        dispatcher = Dispatcher(Outbox(market.pool, plan.PAUSES), witness, Streams(bus))
        second.meddle = without_logs
        assert await dispatcher.step() == IDLE
        clock.pass_one()
        second.meddle = behind

        assert await dispatcher.step() == HandedOut(decided=1, published=1)


class Hours:
    """A clock that stands still until an hour passes."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        return self._now

    def pass_one(self) -> None:
        """Let an hour pass."""
        self._now += 3600


def without_logs(call: dict[str, Any], result: Any) -> Any:
    """Tell that there are no logs anywhere."""
    return [] if call["method"] == "eth_getLogs" else result


def behind(call: dict[str, Any], result: Any) -> Any:
    """Tell neither of the block nor of its logs, as some nodes do that lag."""
    return None if call["method"] == "eth_getBlockByHash" else without_logs(call, result)


async def test_silence_repeats_the_job_after_growing_pauses(market: Market, dispatcher: Dispatcher, bus: Bus) -> None:
    """Each time as a new attempt with a token of its own."""
    await market.open_jobs(1)
    await dispatcher.step()
    for attempt, pause in ((2, 30), (3, 60), (4, 120)):
        await market.age(pause - 5)
        assert await dispatcher.step() == IDLE
        await market.age(6)
        assert await dispatcher.step() == HandedOut(decided=1, published=1), attempt

    assert [f"{(1).to_bytes(32).hex()}:{attempt}" for attempt in (1, 2, 3, 4)] == await stored(bus)
    assert await market.ask("select count(distinct token) from dispatches") == [(4,)]


async def test_a_crash_at_any_wait_publishes_each_job_once(market: Market, bus: Bus, dispatcher: Dispatcher) -> None:
    """Ended at every point where a step can be ended, and begun anew: one attempt, one message, assigned."""
    numbers: list[int] = []
    for waits in range(1, 500):
        numbers.append(waits)
        await market.open_jobs(waits)
        async with dispatching(market, bus) as doomed:
            was_ended = await end_at(doomed.step(), waits)
        await dispatcher.step()

        assert await market.statuses() == dict.fromkeys(numbers, "ASSIGNED"), f"cut off at wait {waits}"
        if not was_ended:
            break

    assert len(numbers) > 10
    assert await stored(bus) == ids(*numbers)
    assert [(len(numbers), len(numbers))] == await market.ask("select count(*), count(published_at) from dispatches")


async def test_two_dispatchers_at_once_publish_each_job_once(market: Market, bus: Bus) -> None:
    await market.open_jobs(*range(1, 41))

    async with dispatching(market, bus) as one, dispatching(market, bus) as other:
        steps = await asyncio.gather(one.step(), other.step(), one.step(), other.step())

    assert sum(step.published for step in steps) == 40
    assert sum(step.decided for step in steps) == 40
    assert await stored(bus) == ids(*range(1, 41))


async def test_an_attempt_whose_acknowledgement_was_lost_is_stored_once(
    market: Market, dispatcher: Dispatcher, bus: Bus
) -> None:
    await market.open_jobs(1)
    await dispatcher.step()
    await market.ask("update dispatches set published_at = null")

    assert await dispatcher.step() == HandedOut(decided=0, published=1)

    assert await stored(bus) == ids(1)


async def test_an_attempt_of_a_restored_database_reaches_its_agent(
    market: Market, dispatcher: Dispatcher, bus: Bus, agents: Agents
) -> None:
    """It has the number of one that was stored lately, and another token, without which no report is believed."""
    (job_id,) = await market.open_jobs(1)
    await dispatcher.step()
    await market.ask("delete from dispatches")

    assert await dispatcher.step() == HandedOut(decided=1, published=1)

    agent = await agents.sign_in(5)
    assert [job["token"] for job in await agent.jobs()][1:] == [await market.token(job_id)]
    assert await stored(bus) == ids(1, 1)


async def test_a_job_whose_provider_was_corrected_goes_to_the_right_one(
    market: Market, dispatcher: Dispatcher, bus: Bus
) -> None:
    """A reindex has put right what an endpoint said; an attempt that was decided and never sent goes to nobody."""
    (job_id,) = await market.open_jobs(1, provider=5)
    await market.ask("update job_created set provider = %s", market.provider(6))
    await market.ask(
        "insert into dispatches (job_id, attempt, provider, token, decided_at) values (%s, 1, %s, 'wrong', now())",
        job_id,
        market.provider(6),
    )
    await market.ask("update job_created set provider = %s", market.provider(5))

    await dispatcher.step()

    state = (await bus.jetstream.stream_info("JOBS", subjects_filter=">")).state
    assert state.subjects == {f"jobs.dispatch.{checksum_address(market.provider(5))}": 1}
    assert await market.statuses() == {1: "ASSIGNED"}


async def test_nats_killed_in_the_middle_loses_nothing(
    market: Market, dispatcher: Dispatcher, bus: Bus, nats: EmbeddedNats
) -> None:
    """What was decided waits; what was stored stays; when the server is back each job is there once."""
    await market.open_jobs(1)
    await dispatcher.step()
    assert nats.pid is not None
    os.kill(nats.pid, signal.SIGKILL)
    await nats.stop()
    await market.open_jobs(2)
    with pytest.raises(Error):
        await dispatcher.step()
    assert await market.statuses() == {1: "ASSIGNED", 2: "CREATED"}

    await nats.start()
    async with asyncio.timeout(20):
        while not bus.client.is_connected:
            await asyncio.sleep(0.02)

    assert await dispatcher.step() == HandedOut(decided=0, published=1)
    assert await stored(bus) == ids(1, 2)
    assert await market.statuses() == {1: "ASSIGNED", 2: "ASSIGNED"}
