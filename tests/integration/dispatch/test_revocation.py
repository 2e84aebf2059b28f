"""Whoever is revoked, barred or flooding is out soon, and stays out until somebody or time lets them in."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from nats.errors import Error

from dispatch import door as door_module
from dispatch.connection_values import BURST_MESSAGES, CONNECTIONS_MAX, SUBSCRIPTIONS_MAX
from dispatch.credential_store import CredentialStore
from dispatch.door import LOGINS_PER_MINUTE_MAX, Door
from dispatch.program import react
from dispatch.warden import EVERY_SECONDS, Warden
from models.values import checksum_address
from runtime.embedded_nats import EmbeddedNats
from tests.integration.dispatch.agency import Agent, Agents, Market
from tests.integration.dispatch.test_program import reaction, sign_in


@pytest.fixture
def credentials(market: Market) -> CredentialStore:
    """The credentials of the market's agents."""
    return CredentialStore(market.pool)


async def is_refused(market: Market, nats: EmbeddedNats, token: str, provider: int = 5) -> bool:
    """Say whether a provider's agent is kept out with this token."""
    agent = Agent(market.provider(provider), token)
    try:
        await agent.connect(nats)
    except (Error, OSError):
        return True
    finally:
        await agent.client.close()
    return False


async def put_out(agent: Agent, *, within_seconds: float = 10) -> float:
    """Return how long it took until the agent was disconnected."""
    began = time.monotonic()
    async with asyncio.timeout(within_seconds):
        while not agent.client.is_closed:
            await asyncio.sleep(0.005)
    return time.monotonic() - began


async def test_a_revoked_agent_is_put_out_and_its_token_lets_nobody_in(
    agents: Agents, market: Market, nats: EmbeddedNats, credentials: CredentialStore, warden: Warden
) -> None:
    """Others stay connected."""
    agent, other = await agents.sign_in(5), await agents.sign_in(6)

    assert await credentials.revoke(market.provider(5), "stolen machine") == 1
    assert await warden.step() == 1
    await put_out(agent)

    assert await is_refused(market, nats, agent.token)
    assert other.client.is_connected
    assert await warden.step() == 0


async def test_a_new_credential_does_not_get_around_a_bar(
    agents: Agents, market: Market, nats: EmbeddedNats, credentials: CredentialStore
) -> None:
    """Nor does it once the bar is lifted for others; `admit` and a credential of after do."""
    await agents.sign_in(5)
    await credentials.revoke(market.provider(5), "stolen machine")

    await market.credential(5, "signed in anew")

    assert await is_refused(market, nats, "signed in anew")
    assert await credentials.admit(market.provider(5))
    assert not await is_refused(market, nats, "signed in anew")
    assert not await credentials.admit(market.provider(5))


async def test_a_bar_ends_by_itself_and_is_not_shortened(
    market: Market,
    nats: EmbeddedNats,
    credentials: CredentialStore,
    door: Door,  # noqa: ARG001
) -> None:
    address = market.provider(5)
    await market.credential(5, "token")
    await credentials.bar(address, "long", lasts=timedelta(hours=1))
    await credentials.bar(address, "short", lasts=timedelta(seconds=1))
    (standing,) = await credentials.standings()

    assert (standing.barred_reason, standing.credentials) == ("long", 1)
    assert await is_refused(market, nats, "token")
    await market.ask("update agents set barred_until = now()")
    assert not await is_refused(market, nats, "token")


async def test_a_running_reactor_puts_out_within_seconds(
    market: Market, nats: EmbeddedNats, database_url: str, credentials: CredentialStore
) -> None:
    """The bound is two looks of the warden; without a system account it is the life of a login."""
    given = replace(reaction(market, nats, database_url), system_url=nats.system_url)
    stop = asyncio.Event()
    running = asyncio.create_task(react(given, stop))
    agent = await sign_in(market, nats, "token")
    await credentials.revoke(market.provider(5), "stolen machine")

    took = await put_out(agent)

    assert took < 2 * EVERY_SECONDS + 1
    stop.set()
    await running


async def test_unwatched_logins_are_short_and_a_renewed_one_is_no_sign_in(
    market: Market, nats: EmbeddedNats, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server disconnects at the end of each, and the same token lets in again until it is revoked."""
    monkeypatch.setattr(door_module, "UNWATCHED_LOGIN", timedelta(seconds=1.5))
    await market.credential(5, "token")
    agent = await Agent(market.provider(5), "token").connect(nats)
    signed_in_at = await market.ask("select signed_in_at from agents")

    await put_out(agent)
    again = await Agent(market.provider(5), "token").connect(nats)

    assert signed_in_at == await market.ask("select signed_in_at from agents")
    await again.client.close()
    other = await Agent(market.provider(5), "token").connect(nats)
    assert signed_in_at != await market.ask("select signed_in_at from agents")
    await other.client.close()
    assert door is not None


async def test_a_sign_in_is_written_down(agents: Agents, market: Market) -> None:
    agent = await agents.sign_in(5)

    ((address, signed_in_at),) = await market.ask("select address, signed_in_at from agents")

    assert checksum_address(address) == agent.address
    assert datetime.now(UTC) - signed_in_at < timedelta(seconds=10)


@pytest.mark.parametrize("subject", ["agents.{own}.status", "jobs.status.updates"])
async def test_who_floods_any_subject_is_barred_and_put_out(
    agents: Agents, market: Market, nats: EmbeddedNats, warden: Warden, subject: str
) -> None:
    """Its own, and one that all share: by the server's own count, so that none is blamed for another."""
    agent, other = await agents.sign_in(5), await agents.sign_in(6)
    for _ in range(BURST_MESSAGES + 1_000):
        await agent.client.publish(subject.format(own=agent.address), b"{}")
    async with asyncio.timeout(10):
        while not await warden.step():
            pass
    await put_out(agent)

    ((reason,),) = await market.ask("select barred_reason from agents where barred_until > now()")
    assert reason.startswith("flood: ")
    assert await is_refused(market, nats, agent.token)
    assert other.client.is_connected


async def test_who_subscribes_without_end_is_barred_too(agents: Agents, market: Market, warden: Warden) -> None:
    """The server keeps each of its subscriptions in memory."""
    agent = await agents.sign_in(5)
    for number in range(SUBSCRIPTIONS_MAX + 1):
        await agent.client.subscribe(f"_INBOX_{agent.address}.{number}")
    await agent.client.flush()
    async with asyncio.timeout(10):
        while not await warden.step():
            pass

    ((reason,),) = await market.ask("select barred_reason from agents where barred_until > now()")
    assert "501 subscriptions" in reason


async def test_an_agent_at_work_is_no_flood(agents: Agents, warden: Warden) -> None:
    """A burst after a pause is not, nor are many messages in a long time."""
    agent = await agents.sign_in(5)
    for _ in range(3):
        for _ in range(500):
            await agent.client.publish(f"agents.{agent.address}.status", b"{}")
        await agent.client.flush()

        assert await warden.step() == 0


async def test_too_many_connections_of_one_provider_are_ended(agents: Agents, warden: Warden) -> None:
    """The oldest stay."""
    connected = [await agents.sign_in(5) for _ in range(CONNECTIONS_MAX + 2)]

    await warden.step()
    for surplus in connected[-2:]:
        await put_out(surplus)

    assert all(agent.client.is_connected for agent in connected[:-2])


async def test_a_flood_of_logins_is_barred(market: Market, nats: EmbeddedNats, door: Door) -> None:
    """Who comes and goes without end keeps others waiting at the door."""
    await market.credential(5, "token")
    agent = Agent(market.provider(5), "token")
    refused = 0
    for _ in range(LOGINS_PER_MINUTE_MAX + 5):
        refused += await is_refused(market, nats, "token")

    assert refused > 0
    assert await market.ask("select barred_reason from agents where barred_until > now()") == [("flood of logins",)]
    assert (agent.address, door is not None) == (checksum_address(market.provider(5)), True)
