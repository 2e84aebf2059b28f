"""The door lets an agent in to its own subjects, and nobody anywhere else."""

import asyncio

import pytest
from nats.errors import Error
from nats.js.errors import NotFoundError

from dispatch import callout, route
from dispatch.callout import Answers, BadSeed, NotARequest, read_request
from dispatch.door import Door
from runtime.bus import Bus
from runtime.embedded_nats import EmbeddedNats
from tests.integration.dispatch.agency import Agent, Agents, Market


async def is_refused(agent: Agent, nats: EmbeddedNats) -> bool:
    """Say whether the agent is kept out."""
    try:
        await agent.connect(nats)
    except TimeoutError:  # Nobody decided.
        return False
    except (Error, OSError):  # Some are reset before they have read why.
        return True
    finally:
        await agent.client.close()
    return False


@pytest.mark.parametrize("token", ["", "never given out", "token of another"])
async def test_whoever_shows_no_valid_credential_stays_out(
    market: Market,
    nats: EmbeddedNats,
    door: Door,  # noqa: ARG001
    token: str,
) -> None:
    await market.credential(6, "token of another but longer")

    assert await is_refused(Agent(market.provider(5), token), nats)


async def test_an_expired_credential_is_refused(market: Market, nats: EmbeddedNats, door: Door) -> None:  # noqa: ARG001
    await market.credential(5, "old", seconds=-1)

    assert await is_refused(Agent(market.provider(5), "old"), nats)


async def test_who_is_in_is_put_out_when_the_credential_expires(agents: Agents) -> None:
    agent = await agents.sign_in(5, seconds=2.5)

    async with asyncio.timeout(10):
        while agent.client.is_connected:
            await asyncio.sleep(0.02)

    assert agent.client.is_closed
    assert any("expired" in each for each in agent.told_off) or "expired" in str(agent.client.last_error).lower()


async def test_the_first_login_makes_the_consumer(agents: Agents, market: Market, bus: Bus) -> None:
    """Ours: durable, of the provider's own subject, and left as it is by later logins."""
    name = route.consumer_name(market.provider(5))
    with pytest.raises(NotFoundError):
        await bus.jetstream.consumer_info("JOBS", name)

    for _ in range(2):
        await agents.sign_in(5)

    consumer = await bus.jetstream.consumer_info("JOBS", name)
    assert consumer.config.filter_subject == f"jobs.dispatch.{name}"
    assert consumer.config.durable_name == name


async def test_an_agent_cannot_listen_to_another(agents: Agents, market: Market) -> None:
    agent, other = await agents.sign_in(5), route.consumer_name(market.provider(6))

    for subject in (
        f"jobs.dispatch.{other}",
        "jobs.dispatch.>",
        f"_INBOX_{other}.>",
        "_INBOX.>",
        "agents.*.status",
        "jobs.status.updates",
        "$SYS.REQ.USER.AUTH",
        "$JS.EVENT.>",
        "$JS.ADVISORY.>",
        "$JS.ACK.>",
        "_R_.>",
        "*",
        ">",
    ):
        await agent.client.subscribe(subject)
        assert await agent.forbidden(f'Subscription to "{subject}"')


async def test_an_agent_cannot_speak_as_another_or_touch_streams(agents: Agents, market: Market) -> None:
    agent, other = await agents.sign_in(5), route.consumer_name(market.provider(6))

    for subject in (
        f"agents.{other}.status",
        f"jobs.dispatch.{other}",
        f"jobs.dispatch.{agent.address}",
        f"$JS.API.CONSUMER.MSG.NEXT.JOBS.{other}",
        f"$JS.API.CONSUMER.INFO.JOBS.{agent.address}",
        f"$JS.API.CONSUMER.INFO.JOBS.{other}",
        f"$JS.ACK.JOBS.{other}.1.1.1.1.1",
        f"$JS.API.CONSUMER.CREATE.JOBS.{agent.address}",
        f"$JS.API.CONSUMER.DELETE.JOBS.{other}",
        "$JS.API.CONSUMER.MSG.NEXT.REPORTS.reactor",
        "$JS.API.CONSUMER.MSG.NEXT.REPORTS.reactor-shared",
        "$JS.API.STREAM.MSG.GET.JOBS",
        "$JS.API.DIRECT.GET.JOBS",
        f"$JS.API.DIRECT.GET.JOBS.jobs.dispatch.{other}",
        "$JS.API.STREAM.CREATE.MINE",
        "$JS.API.STREAM.UPDATE.JOBS",
        "$JS.API.STREAM.DELETE.JOBS",
        "$JS.API.STREAM.MSG.DELETE.JOBS",
        "$JS.API.STREAM.PURGE.JOBS",
        "$JS.API.STREAM.INFO.JOBS",
        "$JS.API.STREAM.NAMES",
        "$JS.API.INFO",
        "$SYS.REQ.USER.AUTH",
        "$SYS.REQ.USER.INFO",
        "$SYS.REQ.SERVER.PING",
        f"_INBOX_{other}.1",
        "nodes.query",
    ):
        await agent.client.publish(subject, b"{}")
        assert await agent.forbidden(f'Publish to "{subject}"')


async def test_an_inbox_of_its_own_is_all_an_agent_has(agents: Agents, market: Market, nats: EmbeddedNats) -> None:
    """Who keeps nats' own prefix learns it at the first request, not from somebody else's messages."""
    await agents.sign_in(5)
    await market.credential(5, "default inbox")
    agent = await Agent(market.provider(5), "default inbox").connect(nats, inbox="_INBOX")
    with pytest.raises((Error, asyncio.TimeoutError)):
        await agent.client.request(f"agents.{agent.address}.status", timeout=0.5)

    assert await agent.forbidden("_INBOX.")
    await agent.client.close()


@pytest.mark.parametrize("payload", [b"", b"a.b.c", b"a.e30.c", b"a.bnVsbA.c", b"\xff.\xff.\xff"])
def test_garbage_at_the_door_is_no_request(payload: bytes) -> None:
    with pytest.raises(NotARequest):
        read_request(payload)


async def test_garbage_at_the_door_does_not_close_it(agents: Agents, bus: Bus) -> None:
    await bus.client.publish(callout.SUBJECT, b"garbage")

    assert (await agents.sign_in(5)).client.is_connected


@pytest.mark.parametrize("seed", ["", "secret", "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU"])
def test_a_wrong_seed_is_told_without_being_shown(seed: str) -> None:
    """Empty, no seed at all, and the seed of a user."""
    with pytest.raises(BadSeed, match="NATS_CALLOUT_SEED") as refusal:
        Answers(seed)

    assert not seed or seed not in str(refusal.value)


async def test_while_postgres_is_away_nobody_gets_in(nats: EmbeddedNats, door: Door, market: Market) -> None:
    """They are told to try again, and the door stays attended."""
    request = callout.LoginRequest(user_key="U", server_id="N", token="any", host="here")
    await market.pool.close()

    answer = await door.answer(request)

    assert b"." in answer
    assert await is_refused(Agent(market.provider(5), "any"), nats)
