"""Connections that stay are no way around what bounds every request, and know the same sessions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog.testing
from aiohttp import ClientResponse

from runtime.limit_settings import LimitSettings
from runtime.live_settings import LiveSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.live.sockets import CHANGES, connected, greeted
from tests.integration.graphql_api.live.test_stream import ACCEPT, Events
from tests.integration.graphql_api.market import Market, created
from tests.integration.graphql_api.test_auth_routes import AUTH, PAGE, RENTER, cookie_of

COSTLY = "subscription { jobChanges { job { provider { jobs(first: 100) { nodes { jobId } } } } } }"


@pytest.fixture
async def api(schema_url: str) -> AsyncIterator[Client]:
    """An API that looks at sessions often and knows a page of ours elsewhere."""
    often = LiveSettings(api_live_session_check_seconds=0.1)
    async with serving(schema_url, limits=LimitSettings(api_origins=(PAGE,)), live=often) as client:
        yield client


@asynccontextmanager
async def asked_of(api: Client, query: str, **headers: str) -> AsyncIterator[ClientResponse]:
    """Ask for a stream, and yield the response, whatever it is."""
    body = {"query": query}
    async with api.session.post(f"{api.url}/graphql", json=body, headers={**ACCEPT, **headers}) as response:
        yield response


async def test_subscriptions_over_a_socket_count_as_requests(schema_url: str) -> None:
    """Who asks too often is told so, and what was subscribed to stays."""
    async with (
        serving(schema_url, limits=LimitSettings(api_requests_per_minute=2)) as api,
        connected(api) as wire,
    ):
        await wire.send(type="connection_init")
        assert (await wire.hear())["type"] == "connection_ack"
        for name in ("1", "2", "3"):
            await wire.subscribe(CHANGES, name)
        refused = await wire.hear()
        await wire.settle()

    assert (refused["type"], refused["id"]) == ("error", "3")
    assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_a_stream_counts_as_a_request_and_as_one_only(schema_url: str) -> None:
    """Its headers say what is left; too many are refused with the status that says so."""
    async with (
        serving(schema_url, limits=LimitSettings(api_requests_per_minute=2)) as api,
        asked_of(api, CHANGES) as first,
        asked_of(api, CHANGES) as second,
        asked_of(api, CHANGES) as third,
    ):
        [error] = (await third.json())["errors"]

    assert [first.status, second.status, third.status] == [200, 200, 429]
    assert second.headers["RateLimit"].startswith('"address";r=0')
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert int(third.headers["Retry-After"]) <= 30


async def test_what_is_told_of_each_change_has_a_cost_too(schema_url: str) -> None:
    """It is compared with the limit once, before anything is watched."""
    async with (
        serving(schema_url, limits=LimitSettings(api_cost_max=100)) as api,
        connected(api) as wire,
        asked_of(api, COSTLY) as response,
    ):
        await wire.send(type="connection_init")
        assert (await wire.hear())["type"] == "connection_ack"
        await wire.subscribe(COSTLY)
        over_socket, over_stream = await wire.hear(), await Events(response).event()

    assert over_socket["payload"][0]["extensions"]["code"] == "TOO_COSTLY"
    assert over_stream is not None
    assert over_stream[1]["errors"][0]["extensions"]["code"] == "TOO_COSTLY"


async def test_a_body_that_asks_for_a_stream_is_no_larger_than_others(schema_url: str) -> None:
    async with (
        serving(schema_url, limits=LimitSettings(api_body_bytes_max=1000)) as api,
        asked_of(api, CHANGES + " " * 1000) as response,
    ):
        assert response.status == 413


async def test_a_socket_that_a_cookie_opened_ends_with_its_session(api: Client) -> None:
    """As one that showed a token."""
    cookie = await cookie_of(api)
    async with connected(api, Cookie=cookie, Origin=PAGE) as wire:
        await wire.send(type="connection_init")
        assert await wire.hear() == {"type": "connection_ack", "payload": {"viewer": RENTER.address}}
        async with api.session.post(f"{api.url}{AUTH}/sign-out", json={}, headers={"Cookie": cookie}) as response:
            assert response.status == 200

        assert await wire.closed() == (4401, "the session has ended: sign in again")


async def test_a_stream_that_a_cookie_opened_ends_with_its_session(api: Client) -> None:
    """And a strange page opens none in anybody's name."""
    cookie = await cookie_of(api)
    async with asked_of(api, CHANGES, Cookie=cookie, Origin="https://evil.example") as refused:
        assert refused.status == 403
    async with asked_of(api, CHANGES, Cookie=cookie, Origin=PAGE) as response:
        async with api.session.post(f"{api.url}{AUTH}/sign-out", json={}, headers={"Cookie": cookie}) as left:
            assert left.status == 200
        event = await Events(response).event()

    assert event is not None
    assert event[1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_what_is_worked_out_for_many_is_no_ones_request(api: Client, market: Market) -> None:
    """Trouble with it is not told, or logged, under the id of whoever happened to be the first."""
    await market.execute("alter table credit_attempts rename to elsewhere")
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        async with greeted(api) as wire:
            await wire.subscribe("subscription { jobChanges { job { credit { status } } } }")
            await wire.settle()
            await market.commit(created(1, 10, payment=1))
            [error] = (await wire.hear())["payload"]["errors"]

    [logged] = [each for each in logs if each["event"] == "api.internal_error"]
    assert error["extensions"] == {"code": "INTERNAL", "reference": logged["reference"]}
    assert "request_id" not in logged
