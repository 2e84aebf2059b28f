"""Sessions, while connections live by them."""

import asyncio

from graphql_api.live.sessions import Sessions
from graphql_api.program import open_world
from runtime.live_settings import LiveSettings
from runtime.settings import ApiSettings
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.live.sockets import CHANGES, connected, greeted
from tests.integration.graphql_api.market import Market, created
from tests.integration.graphql_api.wallets import Wallet

RENTER, OTHER = Wallet(1), Wallet(2)
OFTEN = LiveSettings(api_live_session_check_seconds=0.1)
SPEC = "subscription { jobChanges { job { spec { dockerImage } } } }"


async def test_a_connection_ends_with_its_session(schema_url: str, market: Market) -> None:
    """Revoked or expired, within seconds; others stay, and so do those who showed none."""
    async with serving(schema_url, live=OFTEN) as api:
        renter, other = await RENTER.enter(api), await OTHER.enter(api)
        shown = [{"authorization": f"Bearer {each.token}"} for each in (renter, other)]
        async with greeted(api, **shown[0]) as one, greeted(api, **shown[1]) as two, greeted(api) as nobody:
            await two.subscribe(CHANGES)
            assert await renter.ask("mutation { signOut }") == {"signOut": True}
            assert await one.closed() == (4401, "the session has ended: sign in again")
            await nobody.settle()
            await two.settle()
            await market.execute("update sessions set expires_at = now()")
            assert (await two.closed())[0] == 4401


async def test_a_session_that_is_none_is_said_to_be_none(schema_url: str) -> None:
    """Who shows one wants to be somebody; who is let in is told as whom."""
    async with serving(schema_url, live=OFTEN) as api:
        renter = await RENTER.enter(api)
        async with connected(api) as wire:
            await wire.send(type="connection_init", payload={"authorization": "Bearer invented"})
            assert await wire.closed() == (4401, "the session is unknown or has ended: sign in again, or show none")
        async with connected(api) as wire:
            await wire.send(type="connection_init", payload={"authorization": f"Bearer {renter.token}"})

            assert await wire.hear() == {"type": "connection_ack", "payload": {"viewer": RENTER.address}}


async def test_sessions_outlive_a_database_that_is_away(schema_url: str, market: Market) -> None:
    """A check that cannot be made ends nothing."""
    async with serving(schema_url, live=OFTEN) as api:
        renter = await RENTER.enter(api)
        async with greeted(api, authorization=f"Bearer {renter.token}") as wire:
            await market.execute(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()
                """
            )
            await wire.subscribe(SPEC)
            await wire.settle()
            await market.commit(created(1, 10, payment=1))

            assert (await wire.hear())["type"] == "next"


async def test_who_comes_as_the_last_one_leaves_is_checked_too(schema_url: str) -> None:
    """The work that checks is ending at that moment."""
    async with open_world(ApiSettings(), database_url=schema_url) as world:
        sessions, ended = Sessions(world, check_seconds=0.01), asyncio.Event()
        with sessions.living_by("one", lambda: None):
            await asyncio.sleep(0)
        with sessions.living_by("invented", ended.set):
            async with asyncio.timeout(5):
                await ended.wait()

    assert ended.is_set()
