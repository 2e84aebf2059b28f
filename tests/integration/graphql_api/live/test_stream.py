"""Operations over Server-Sent Events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from runtime.live_settings import LiveSettings
from tests.integration.graphql_api.client import PATIENCE_SECONDS, Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import Market, created, job_hex
from tests.integration.graphql_api.wallets import Wallet
from tests.integration.graphql_api.watching import JOBS

CHANGES = "subscription { jobChanges { jobId kind } }"
ACCEPT = {"Accept": "text/event-stream"}


class Events:
    """The events of a response."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def event(self) -> tuple[str, Any] | None:
        """Return the next event's name and data, or None where the stream ends."""
        name, data = "", ""
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in self.response.content:
                field, _, value = line.decode().rstrip("\n").partition(":")
                if field == "event":
                    name = value.strip()
                elif field == "data":
                    data = value.strip()
                elif name:
                    return name, json.loads(data) if data else None
        return None


@asynccontextmanager
async def streaming(api: Client, query: str, token: str | None = None, **variables: Any) -> AsyncIterator[Events]:
    """Ask by POST for a stream."""
    headers = ACCEPT if token is None else {**ACCEPT, "Authorization": f"Bearer {token}"}
    body = {"query": query, "variables": variables}
    async with api.session.post(f"{api.url}/graphql", json=body, headers=headers) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream"), await response.text()
        yield Events(response)


async def test_changes_come_as_events(api: Client, market: Market) -> None:
    """By POST, and by GET as a browser's EventSource asks; each with the filter it wants."""
    parameters = {"query": CHANGES, "variables": "{}"}
    async with (
        streaming(api, JOBS, filter={"minPayment": "2"}) as posted,
        api.session.get(f"{api.url}/graphql", params=parameters, headers=ACCEPT) as response,
    ):
        await market.commit(created(1, 10, payment=1), created(2, 10, log_index=1, payment=2))
        change = {"jobId": job_hex(1), "kind": "CREATED"}
        assert await Events(response).event() == ("next", {"data": {"jobChanges": change}})
        event = await posted.event()

    assert event is not None
    assert (event[0], event[1]["data"]["jobChanges"]["jobId"]) == ("next", job_hex(2))


async def test_a_stream_resumes_where_another_connection_was(api: Client, market: Market) -> None:
    """A cursor is one of the feed, not of a protocol."""
    async with streaming(api, JOBS) as live:
        await market.commit(created(1, 10, payment=1), created(2, 11, payment=1))
        await live.event()
        event = await live.event()
    assert event is not None
    await market.commit(created(3, 12, payment=1))

    async with api.watch(JOBS, after=event[1]["data"]["jobChanges"]["cursor"]) as watching:
        assert (await watching.told())["jobChanges"]["jobId"] == job_hex(3)


async def test_a_query_is_answered_and_completed(api: Client) -> None:
    """A client that only speaks of streams may ask anything."""
    async with streaming(api, "{ jobs { totalCount } }") as events:
        answer = {"data": {"jobs": {"totalCount": 0}}, "extensions": {"blocks": []}}
        assert await events.event() == ("next", answer)
        assert await events.event() == ("complete", None)
        assert await events.event() is None


async def test_errors_before_the_first_answer_are_events_too(api: Client) -> None:
    """A browser's EventSource could read no other answer."""
    async with streaming(api, JOBS, after="garbage") as events:
        event = await events.event()
        assert event is not None
        assert "is not a cursor of this feed" in event[1]["errors"][0]["message"]
        assert await events.event() == ("complete", None)


async def test_a_mutation_is_answered_to_a_post_only(api: Client) -> None:
    """Else a link could act for who follows it."""
    parameters = {"query": "mutation { signInNonce }"}
    for method in ("GET", "PUT", "DELETE"):
        async with api.session.request(method, f"{api.url}/graphql", params=parameters, headers=ACCEPT) as response:
            assert response.status == 400
            assert f"never by {method}" in (await response.json())["errors"][0]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b'{"query": 1}', b'{"query": "{ me }", "variables": []}', b"\xff"])
@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=latin-1", "text/plain"])
async def test_what_is_no_request_is_refused_as_everywhere(api: Client, body: bytes, content_type: str) -> None:
    """With the same status and the same reason, whatever answer is wanted."""
    refusals = []
    for accepted in ("text/event-stream", "application/json"):
        headers = {"Accept": accepted, "Content-Type": content_type}
        async with api.session.post(f"{api.url}/graphql", data=body, headers=headers) as response:
            refusals.append((response.status, await response.json()))

    assert refusals[0] == refusals[1]
    assert 400 <= refusals[0][0] < 500


async def test_a_stream_answers_one_operation(api: Client) -> None:
    """Several would have to say which of them each event is of."""
    async with api.session.post(f"{api.url}/graphql", json=[{"query": CHANGES}], headers=ACCEPT) as response:
        assert response.status == 400
        assert "one operation" in (await response.json())["errors"][0]["message"]


async def test_who_would_rather_have_json_gets_json(api: Client) -> None:
    """Some clients name streams among what they can read of any answer."""
    headers = {"Accept": "application/graphql-response+json, application/json, text/event-stream"}
    body = {"query": "{ jobStats { total } }"}
    async with api.session.post(f"{api.url}/graphql", json=body, headers=headers) as response:
        assert (await response.json())["data"] == {"jobStats": {"total": 0}}


async def test_a_stream_ends_with_its_session(schema_url: str) -> None:
    """It says why, and is complete: coming back would not help."""
    async with serving(schema_url, live=LiveSettings(api_live_session_check_seconds=0.1)) as api:
        renter = await Wallet(1).enter(api)
        async with streaming(api, CHANGES, renter.token) as events:
            await renter.ask("mutation { signOut }")
            event = await events.event()
            assert event is not None
            assert event[1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            assert await events.event() == ("complete", None)
        async with api.session.post(
            f"{api.url}/graphql", json={"query": CHANGES}, headers={**ACCEPT, "Authorization": "Bearer invented"}
        ) as response:
            assert response.status == 401


async def test_stopping_ends_streams_at_once_and_without_completing_them(schema_url: str) -> None:
    """So that clients come back."""
    async with serving(schema_url) as api, streaming(api, CHANGES) as events:
        ending = asyncio.create_task(events.event())
        async with asyncio.timeout(2.5):
            await api.stop()

            assert await ending is None


async def test_who_leaves_makes_room(schema_url: str) -> None:
    """One connection is all there may be."""
    async with serving(schema_url, live=LiveSettings(api_live_connections_max=1)) as api:
        async with streaming(api, CHANGES):
            body = {"query": CHANGES}
            async with api.session.post(f"{api.url}/graphql", json=body, headers=ACCEPT) as response:
                assert (response.status, response.headers["Retry-After"]) == (503, "5")
        async with asyncio.timeout(10):
            while True:
                async with api.session.post(f"{api.url}/graphql", json=body, headers=ACCEPT) as response:
                    if response.status == 200:
                        return
