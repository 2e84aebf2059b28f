"""An agent that names somebody else's subject for the answer to what it asks moves nothing there."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from dispatch import route
from dispatch.dispatcher import Dispatcher
from runtime.bus import Bus
from tests.integration.dispatch.agency import Agent, Agents, Market

Act = Callable[[Agent, str], Awaitable[None]]


async def a_job(agent: Agent, target: str) -> None:
    """Ask for the next job."""
    ask = b'{"batch": 1, "expires": 1000000000}'
    await agent.client.publish(f"$JS.API.CONSUMER.MSG.NEXT.JOBS.{agent.address}", ask, reply=target)


async def no_job(agent: Agent, target: str) -> None:
    """Ask for the next job where there is none: the answer is empty."""
    with suppress(TimeoutError):
        await agent.jobs(wait_seconds=0.2)
    ask = b'{"batch": 1, "no_wait": true}'
    await agent.client.publish(f"$JS.API.CONSUMER.MSG.NEXT.JOBS.{agent.address}", ask, reply=target)


async def an_acknowledgement(agent: Agent, target: str) -> None:
    """Have an acknowledgement acknowledged: the answer is empty."""
    subscription = await agent.client.jetstream().pull_subscribe_bind(agent.address, stream=route.JOBS_STREAM)
    (message,) = await subscription.fetch(1, timeout=2)
    await agent.client.publish(message.reply, b"+ACK", reply=target)


async def a_report(agent: Agent, target: str) -> None:
    """Have a report acknowledged: the answer is JSON, with the number of a message."""
    await agent.client.publish(f"agents.{agent.address}.status", b"{}", reply=target)


async def what_others_have(bus: Bus, agent: str, other: str) -> dict[str, object]:
    """Return what an agent must not touch: both streams, but for its own lane, and another's consumer."""
    jobs = await bus.jetstream.stream_info(route.JOBS_STREAM)
    reports = await bus.jetstream.stream_info(route.REPORTS_STREAM, subjects_filter=">")
    consumer = await bus.jetstream.consumer_info(route.JOBS_STREAM, other)
    lanes = reports.state.subjects or {}
    return {
        "jobs": (jobs.state.messages, jobs.state.first_seq, jobs.state.last_seq),
        "reports": {lane: count for lane, count in lanes.items() if lane != f"agents.{agent}.status"},
        "consumer": (consumer.num_pending, consumer.num_ack_pending, consumer.num_redelivered),
    }


async def until_it_is_pending(bus: Bus, other: str) -> None:
    """Return when the consumer of the other has taken note of its job, a moment after the stream has."""
    async with asyncio.timeout(10):
        while not (await bus.jetstream.consumer_info(route.JOBS_STREAM, other)).num_pending:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("act", [a_job, no_job, an_acknowledgement, a_report], ids=lambda act: act.__name__)
@pytest.mark.parametrize(
    "target",
    [
        "$JS.API.STREAM.DELETE.JOBS",
        "$JS.API.STREAM.PURGE.JOBS",
        "$JS.API.STREAM.MSG.DELETE.JOBS",
        "$JS.API.CONSUMER.DELETE.JOBS.{other}",
        "$JS.API.CONSUMER.MSG.NEXT.JOBS.{other}",
        "jobs.dispatch.{other}",
        "agents.{other}.status",
        "jobs.status.updates",
        "agent.status",
    ],
)
async def test_an_answer_aimed_at_anything_of_ours_moves_nothing(
    agents: Agents, bus: Bus, act: Act, target: str
) -> None:
    """
    Streams and consumers, which an empty message deletes, and the reports and jobs of others.

    JetStream answers to whatever subject it is told, with its own rights; in the agents' account that leads nowhere.
    """
    agent, other = await agents.sign_in(5), (await agents.sign_in(6)).address
    for address in (agent.address, agent.address, other):
        await bus.jetstream.publish(f"jobs.dispatch.{address}", b'{"seq": 3}')
    await until_it_is_pending(bus, other)
    before = await what_others_have(bus, agent.address, other)

    await act(agent, target.format(other=other))
    await answered(agent, act)

    assert before == await what_others_have(bus, agent.address, other)


async def answered(agent: Agent, act: Act) -> None:
    """Return when what was asked before has been answered: the answer to another such question has come."""
    heard = await agent.client.subscribe(f"_INBOX_{agent.address}.control")
    await act(agent, f"_INBOX_{agent.address}.control")
    await heard.next_msg(timeout=5)


async def test_a_reply_aimed_at_anothers_jobs_names_who_it_is_for(
    agents: Agents, market: Market, dispatcher: Dispatcher
) -> None:
    """Agents can reach each other's ears. What one has JetStream tell another says, in its `provider`, whose it is."""
    await market.open_jobs(1, provider=5)
    agent, victim = await agents.sign_in(5), await agents.sign_in(6)
    heard = await victim.client.subscribe(f"jobs.dispatch.{victim.address}")
    await victim.client.flush()
    await dispatcher.step()

    await a_job(agent, f"jobs.dispatch.{victim.address}")

    message = json.loads((await heard.next_msg(timeout=2)).data)
    assert message["provider"] == agent.address
    with pytest.raises(TimeoutError):
        await victim.jobs(wait_seconds=0.5)


async def test_who_only_listens_hears_its_jobs(agents: Agents, market: Market, dispatcher: Dispatcher) -> None:
    """As older agents do, on the subject of their address and without JetStream."""
    agent = await agents.sign_in(5)
    heard = await agent.client.subscribe(f"jobs.dispatch.{agent.address}")
    await agent.client.flush()
    await market.open_jobs(1, provider=5)
    await dispatcher.step()

    assert json.loads((await heard.next_msg(timeout=2)).data)["provider"] == agent.address
