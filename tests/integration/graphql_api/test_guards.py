"""What every request goes through: labels, origins, quotas and sizes, over each transport and route."""

import asyncio
from typing import Any

import aiohttp
import pytest
import structlog.testing

from runtime.limit_settings import LimitSettings
from runtime.settings import AccountSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import Market
from tests.integration.graphql_api.test_sign_in import attempt
from tests.integration.graphql_api.wallets import Wallet, message, nonce

PAGE = "https://app.example.com"
NAME = "{ __typename }"
ASKING = {"query": NAME}
PATHS = ["/graphql?query={__typename}", "/api/v1/auth/me", "/ready", "/nowhere"]


async def told(api: Client, path: str, **headers: str) -> Any:
    """Return the response to a request, its body read."""
    async with api.session.get(f"{api.url}{path}", headers=headers) as response:
        await response.read()
        return response


@pytest.mark.parametrize("path", [*PATHS, "/health"])
async def test_every_answer_has_an_id_and_says_what_a_browser_must_not_do(full: Client, path: str) -> None:
    """Whatever the route, and whether there is one."""
    first, second = await told(full, path), await told(full, path)

    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert first.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert first.headers["Referrer-Policy"] == "no-referrer"
    assert "Strict-Transport-Security" not in first.headers
    assert "Server" not in first.headers


async def test_an_internal_error_is_found_in_the_log_by_the_request(schema_url: str, market: Market) -> None:
    """The id is in the answer, in its header and in the log."""
    await market.execute("drop table payment_claimed")
    async with serving(schema_url) as api:
        with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
            async with api.session.post(f"{api.url}/graphql", json={"query": "{ jobStats { paidOut } }"}) as response:
                [error] = (await response.json())["errors"]

    [logged] = [entry for entry in logs if entry["event"] == "api.internal_error"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert {response.headers["X-Request-Id"]} == {error["extensions"]["requestId"], logged["request_id"]}


async def test_every_error_has_a_code(full: Client) -> None:
    """Also one of the question itself."""
    for query in ("{ jobs {", "{ nothing }", "{ jobs(first: true) { totalCount } }"):
        assert (await full.refusal(query))["extensions"]["code"] == "BAD_QUERY"


async def test_pages_that_are_named_may_send_the_cookie_and_others_may_not(schema_url: str) -> None:
    """But what is public any page may read."""
    async with serving(schema_url, limits=LimitSettings(api_origins=(PAGE,))) as api:
        ours = await told(api, PATHS[0], Origin=PAGE)
        others = await told(api, PATHS[0], Origin="https://other.example")
        preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        async with api.session.options(f"{api.url}/graphql", headers={"Origin": PAGE, **preflight}) as asked:
            assert (asked.status, asked.headers["Access-Control-Allow-Credentials"]) == (200, "true")

    assert (ours.headers["Access-Control-Allow-Origin"], others.headers["Access-Control-Allow-Origin"]) == (PAGE, "*")
    assert "Access-Control-Allow-Credentials" not in others.headers
    assert "Origin" in ours.headers["Vary"]
    assert "Origin" in others.headers["Vary"]
    assert "RateLimit" in ours.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("path", PATHS)
async def test_who_asks_too_often_is_told_when_to_come_back(schema_url: str, path: str) -> None:
    """In headers, in words and, for GraphQL, with a code; a page of any origin may read it."""
    async with serving(schema_url, limits=LimitSettings(api_requests_per_minute=2)) as api:
        answers = [await told(api, path, Origin=PAGE) for _ in range(3)]
        assert (await told(api, "/health")).status == 200

    assert [answer.headers["RateLimit"].partition(";t=")[0] for answer in answers[:2]] == [
        '"address";r=1',
        '"address";r=0',
    ]
    assert answers[2].status == 429
    assert answers[2].headers["RateLimit-Policy"] == '"address";q=2;w=60'
    assert 0 < int(answers[2].headers["Retry-After"]) <= 30
    assert answers[2].headers["Access-Control-Allow-Origin"] == "*"
    body = await answers[2].json()
    assert "too many requests: 2 a minute allowed, try again in" in str(body)
    assert ("errors" in body) == path.startswith("/graphql")


async def test_operations_over_a_socket_count_as_requests_do(schema_url: str) -> None:
    """One socket is no way around the quota; whoever asks too often is told so, and the socket stays."""
    async with serving(schema_url, limits=LimitSettings(api_requests_per_minute=2)) as api:
        codes = []
        async with api.session.ws_connect(f"{api.url}/graphql", protocols=["graphql-transport-ws"]) as socket:
            await socket.send_json({"type": "connection_init"})
            await socket.receive_json(timeout=10)
            for number in range(3):
                await socket.send_json({"type": "subscribe", "id": str(number), "payload": ASKING})
                while (message := await socket.receive_json(timeout=10))["type"] == "complete":
                    pass
                payload = message["payload"]
                errors = payload if isinstance(payload, list) else payload.get("errors", [])
                codes.append([error["extensions"]["code"] for error in errors])

    assert codes == [[], [], ["RATE_LIMITED"]]


async def test_sockets_are_counted_before_they_open(schema_url: str) -> None:
    """Who opens too many is refused with the status that says so."""
    async with serving(schema_url, limits=LimitSettings(api_connections_per_minute=1)) as api:
        async with api.session.ws_connect(f"{api.url}/graphql", protocols=["graphql-transport-ws"]):
            pass
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await api.session.ws_connect(f"{api.url}/graphql", protocols=["graphql-transport-ws"])

    assert refused.value.status == 429


async def test_a_wallet_has_a_quota_whatever_it_asks_from(schema_url: str) -> None:
    """Two sessions of one wallet share it, and headers tell of both quotas."""
    async with serving(schema_url, limits=LimitSettings(api_wallet_requests_per_minute=2)) as api:
        one, two = await Wallet(1).enter(api), await Wallet(1).enter(api)
        await one.ask(NAME)
        await two.ask(NAME)
        async with api.session.post(
            f"{api.url}/graphql", json=ASKING, headers={"Authorization": f"Bearer {two.token}"}
        ) as response:
            assert response.status == 429
            assert '"wallet";q=2;w=60' in response.headers["RateLimit-Policy"]
        assert await (await Wallet(2).enter(api)).ask(NAME) == {"__typename": "Query"}
        assert await api.ask(NAME) == {"__typename": "Query"}


async def test_attempts_to_sign_in_are_counted_for_all_processes(schema_url: str) -> None:
    """Under whatever alias and over either door; beside them, mutations have a quota of their own."""
    limits = LimitSettings(api_sign_ins_per_minute=3)
    async with serving(schema_url, limits=limits) as one, serving(schema_url, limits=limits) as two:
        sign_in = 'signIn(message: "", signature: "") { token }'
        both = f"mutation {{ a: {sign_in} b: {sign_in} }}"
        assert (await one.refusal(both))["extensions"]["code"] == "BAD_INPUT"
        await attempt(two, "", "")
        async with two.session.post(f"{two.url}/api/v1/auth/sign-in", json={}) as response:
            assert (response.status, "Retry-After" in response.headers) == (429, True)
        async with one.session.post(f"{one.url}/graphql", json={"query": both}) as response:
            assert (response.status, "Retry-After" in response.headers) == (429, True)
            assert (await response.json())["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert await nonce(one)


async def test_mutations_are_counted_by_wallet_for_all_processes(schema_url: str) -> None:
    """Somebody without one is counted by address."""
    limits = LimitSettings(api_mutations_per_minute=4)
    async with serving(schema_url, limits=limits) as one, serving(schema_url, limits=limits) as two:
        renter = await Wallet(1).enter(one)
        revoke = "mutation { a: revokeAgentCredentials b: revokeAgentCredentials }"
        for api in (one, two):
            await api.showing(renter.token).ask(revoke)
        error = await one.showing(renter.token).refusal(revoke)
        assert error["extensions"]["code"] == "RATE_LIMITED"
        assert await nonce(two)


async def test_who_is_not_a_trusted_proxy_speaks_for_itself(schema_url: str) -> None:
    """X-Forwarded-For is believed from whom a setting names, and then the last address that is not one of them."""
    other = {"X-Forwarded-For": "203.0.113.7"}
    async with serving(schema_url, limits=LimitSettings(api_requests_per_minute=1)) as api:
        assert [(await told(api, PATHS[0], **other)).status for _ in range(2)] == [200, 429]
        assert (await told(api, PATHS[0], **{"X-Forwarded-For": "203.0.113.8"})).status == 429
    proxied = LimitSettings(api_requests_per_minute=1, api_trusted_proxies=("127.0.0.0/8",))
    async with serving(schema_url, limits=proxied) as api:
        assert [(await told(api, PATHS[0], **other)).status for _ in range(2)] == [200, 429]
        assert (await told(api, PATHS[0], **{"X-Forwarded-For": "203.0.113.7, 203.0.113.8"})).status == 200


@pytest.mark.parametrize("path", ["/graphql", "/api/v1/auth/sign-in"])
@pytest.mark.parametrize("is_whole", [True, False], ids=["with its length", "in chunks"])
async def test_a_body_that_is_too_large_is_not_read(schema_url: str, path: str, is_whole: bool) -> None:
    """Whether it says how long it is or not."""

    async def chunks() -> Any:
        for _ in range(3):
            yield b" " * 500

    async with serving(schema_url, limits=LimitSettings(api_body_bytes_max=1000)) as api:
        body = b" " * 1001 if is_whole else chunks()
        headers = {"Content-Type": "application/json"}
        async with api.session.post(f"{api.url}{path}", data=body, headers=headers) as response:
            assert response.status == 413
            assert "its body may have 1000 bytes at most" in await response.text()
        assert await api.ask(NAME) == {"__typename": "Query"}


async def test_a_frame_that_is_too_large_closes_the_socket(schema_url: str) -> None:
    """With the code that says so."""
    async with (
        serving(schema_url, limits=LimitSettings(api_frame_bytes_max=1000)) as api,
        api.session.ws_connect(f"{api.url}/graphql", protocols=["graphql-transport-ws"]) as socket,
    ):
        await socket.send_str(" " * 1001)
        async with asyncio.timeout(10):
            await socket.receive()
        assert socket.close_code == 1009


async def test_the_cost_is_compared_before_anything_is_asked(schema_url: str) -> None:
    """Over each transport, with what variables say."""
    query = "query ($n: Int) { jobs(first: $n) { nodes { jobId } } }"
    async with serving(schema_url, limits=LimitSettings(api_cost_max=100)) as api:
        assert await api.ask(query, n=49) == {"jobs": {"nodes": []}}
        error = await api.refusal(query, n=50)
        assert error["extensions"] == {"code": "TOO_COSTLY", "cost": 101, "limit": 100}
        async with api.watch(query, n=50) as watching:
            assert "TOO_COSTLY" in str(await watching.message())


async def test_aliases_are_counted(full: Client) -> None:
    """The same expensive thing under a hundred names is a hundred of it."""
    query = "{ " + " ".join(f"a{i}: __typename" for i in range(101)) + " }"

    assert "101 fields have an alias, 100 allowed" in (await full.refusal(query))["message"]


@pytest.mark.parametrize(("most", "status"), [(0, 400), (2, 400), (3, 200)])
async def test_batches_are_as_long_as_set(schema_url: str, most: int, status: int) -> None:
    """Not at all by default."""
    async with (
        serving(schema_url, limits=LimitSettings(api_batch_max=most)) as api,
        api.session.post(f"{api.url}/graphql", json=[ASKING] * 3) as response,
    ):
        assert response.status == status


async def test_each_operation_of_a_batch_counts(schema_url: str) -> None:
    """A batch is no way around the quota."""
    limits = LimitSettings(api_batch_max=3, api_requests_per_minute=2)
    async with (
        serving(schema_url, limits=limits) as api,
        api.session.post(f"{api.url}/graphql", json=[ASKING] * 3) as response,
    ):
        answers = await response.json()

    assert sorted("errors" in answer and answer["errors"] != [] for answer in answers) == [False, False, True]
    assert response.status == 429


async def test_introspection_can_be_switched_off(schema_url: str) -> None:
    """What is asked of rows works as before."""
    async with serving(schema_url, limits=LimitSettings(api_introspection=False)) as api:
        assert "introspection" in (await api.refusal("{ __schema { types { name } } }"))["message"]
        assert await api.ask(NAME) == {"__typename": "Query"}


async def test_a_site_in_production_is_left_over_https_only(schema_url: str) -> None:
    """Also where nobody is answered."""
    async with serving(schema_url, accounts=AccountSettings(environment="production")) as api:
        assert (await told(api, "/nowhere")).headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_who_signs_in_badly_is_counted_by_address_not_by_whom_they_claim_to_be(schema_url: str) -> None:
    """Nobody can lock somebody else out."""
    proxied = LimitSettings(api_sign_ins_per_minute=1, api_trusted_proxies=("127.0.0.1",))
    async with serving(schema_url, limits=proxied) as api:
        bad = message(api.url, Wallet(1).address, "a" * 32)
        for _ in range(2):
            await attempt(api, bad, "0x")
        text = message(api.url, Wallet(1).address, await nonce(api))
        body = {"message": text, "signature": Wallet(1).sign(text)}
        async with api.session.post(
            f"{api.url}/api/v1/auth/sign-in", json=body, headers={"X-Forwarded-For": "203.0.113.9"}
        ) as response:
            assert response.status == 200
