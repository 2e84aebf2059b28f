"""Sign-in over REST: the same as over GraphQL, with a cookie for pages that would rather not keep a token."""

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any

import pytest

from runtime.limit_settings import LimitSettings
from runtime.settings import AccountSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.wallets import Wallet, message

RENTER = Wallet(1)
AUTH = "/api/v1/auth"
PAGE = "https://app.example.com"


@pytest.fixture
async def api(schema_url: str) -> AsyncIterator[Client]:
    """An API that knows a page of ours elsewhere."""
    async with serving(schema_url, limits=LimitSettings(api_origins=(PAGE,))) as client:
        yield client


async def post(api: Client, path: str, body: Any = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
    """Return the status, body and headers of an answer."""
    async with api.session.post(f"{api.url}{path}", json=body, headers=headers) as response:
        return response.status, await response.json(), dict(response.headers)


async def signed(api: Client) -> dict[str, str]:
    """Return what somebody signs in with."""
    _, answer, _ = await post(api, f"{AUTH}/nonce")
    text = message(api.url, RENTER.address, answer["data"]["nonce"])
    return {"message": text, "signature": RENTER.sign(text)}


async def cookie_of(api: Client) -> str:
    """Sign in for a cookie, and return it as a browser sends it."""
    _, _, headers = await post(api, f"{AUTH}/sign-in", {**await signed(api), "cookie": True})
    [(name, morsel)] = SimpleCookie(headers["Set-Cookie"]).items()
    return f"{name}={morsel.value}"


async def me(api: Client, **headers: str) -> tuple[int, Any]:
    """Return who somebody is."""
    async with api.session.get(f"{api.url}{AUTH}/me", headers=headers) as response:
        return response.status, await response.json()


async def test_somebody_signs_in_and_out_with_a_token(api: Client) -> None:
    """The session is that of GraphQL."""
    status, answer, headers = await post(api, f"{AUTH}/sign-in", await signed(api))
    token = answer["data"].pop("token")

    assert (status, answer["success"], headers["Cache-Control"]) == (200, True, "no-store")
    assert answer["data"]["account"] == {"address": RENTER.address, "is_admin": False}
    assert "Set-Cookie" not in headers
    shown = {"Authorization": f"Bearer {token}"}
    assert await me(api, **shown) == (200, {"success": True, "data": {"address": RENTER.address, "is_admin": False}})
    assert await api.showing(token).ask("{ me { address } }") == {"me": {"address": RENTER.address}}
    assert (await post(api, f"{AUTH}/sign-out", **shown))[1] == {"success": True, "data": {"signed_out": True}}
    assert (await me(api, **shown))[0] == 401


async def test_nobody_is_nobody(api: Client) -> None:
    """With the right status, in the envelope of errors."""
    status, answer = await me(api)

    assert (status, answer["success"]) == (401, False)
    assert answer["error"].startswith("nobody is signed in")
    assert (await post(api, f"{AUTH}/sign-out"))[1]["data"] == {"signed_out": False}


@pytest.mark.parametrize("body", ["", "[1]", '{"message": 1}', '{"message": "x"}', "[" * 10_000])
async def test_what_is_no_attempt_is_a_400(api: Client, body: str) -> None:
    """And says what was expected."""
    async with api.session.post(f"{api.url}{AUTH}/sign-in", data=body) as response:
        answer = await response.json()

    assert (response.status, answer["success"]) == (400, False)
    assert "expected" in answer["error"]


async def test_an_attempt_that_fails_uses_up_its_nonce(api: Client) -> None:
    """As over GraphQL: it is the same nonce."""
    attempt = await signed(api)
    first, _, _ = await post(api, f"{AUTH}/sign-in", {**attempt, "signature": "0x12"})
    second, answer, _ = await post(api, f"{AUTH}/sign-in", attempt)

    assert (first, second) == (403, 403)
    assert "the nonce is not one of ours" in answer["error"]


async def test_nothing_is_done_by_get(api: Client) -> None:
    """A link or an image can do nothing in anybody's name, over either door."""
    for path in ("nonce", "sign-in", "sign-out"):
        async with api.session.get(f"{api.url}{AUTH}/{path}") as response:
            assert response.status == 405
    async with api.session.get(f"{api.url}/graphql", params={"query": "mutation { signInNonce }"}) as response:
        assert response.status in (400, 405)


async def test_a_page_can_have_a_cookie_and_no_token(api: Client) -> None:
    """No script can read it, and no other site makes a browser send it."""
    _, answer, headers = await post(api, f"{AUTH}/sign-in", {**await signed(api), "cookie": True})

    [(name, morsel)] = SimpleCookie(headers["Set-Cookie"]).items()
    assert "token" not in answer["data"]
    assert (name, morsel["path"], morsel["httponly"], morsel["samesite"]) == ("lamda-session", "/", True, "strict")
    assert (morsel["secure"], morsel["max-age"], morsel["domain"]) == ("", "86400", "")
    assert (await me(api, Cookie=f"{name}={morsel.value}"))[0] == 200


async def test_in_production_the_cookie_is_of_this_host_alone(schema_url: str) -> None:
    """`__Host-` makes a browser hold us to it; over HTTP it would not take such a cookie."""
    page = "https://app.example.com/in"
    accounts = AccountSettings(environment="production", sign_in_domains=("app.example.com",), sign_in_uris=(page,))
    async with serving(schema_url, accounts=accounts) as api:
        _, answer, _ = await post(api, f"{AUTH}/nonce")
        text = message(page, RENTER.address, answer["data"]["nonce"])
        attempt = {"message": text, "signature": RENTER.sign(text), "cookie": True}
        _, _, headers = await post(api, f"{AUTH}/sign-in", attempt)

    [(name, morsel)] = SimpleCookie(headers["Set-Cookie"]).items()
    assert (name, morsel["secure"], morsel["path"], morsel["domain"]) == ("__Host-lamda-session", True, "/", "")
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_signing_out_takes_the_cookie_back(api: Client) -> None:
    """Over REST and over GraphQL."""
    for path, body in ((f"{AUTH}/sign-out", None), ("/graphql", {"query": "mutation { signOut }"})):
        cookie = await cookie_of(api)
        _, _, headers = await post(api, path, body, Cookie=cookie, **{"Content-Type": "application/json"})

        assert 'lamda-session=""' in headers["Set-Cookie"]
        assert (await me(api, Cookie=cookie))[0] == 401


SIGN_OUT = {"query": "mutation { signOut }"}


@pytest.mark.parametrize("path", ["/graphql", f"{AUTH}/sign-out"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": PAGE}, 200),
        ({}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": PAGE, "Content-Type": "text/plain"}, 403),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 403),
    ],
)
async def test_only_our_pages_act_by_the_cookie(api: Client, path: str, headers: dict[str, str], status: int) -> None:
    """And only in JSON, which no form of a strange page can send."""
    cookie = await cookie_of(api)
    answered, _, _ = await post(api, path, SIGN_OUT, Cookie=cookie, **{"Content-Type": "application/json", **headers})

    assert answered == status
    assert (await me(api, Cookie=cookie))[0] == (401 if status == 200 else 200)


async def test_a_token_counts_from_any_page(api: Client) -> None:
    """Whoever shows it has it; a cookie beside it does not matter."""
    _, answer, _ = await post(api, f"{AUTH}/sign-in", await signed(api))
    shown = {"Authorization": f"Bearer {answer['data']['token']}", "Origin": "https://other.example"}
    status, _, _ = await post(api, f"{AUTH}/sign-out", Cookie="lamda-session=old", **shown)

    assert status == 200


@pytest.mark.parametrize(("origin", "known"), [(PAGE, True), (None, True), ("https://evil.example", False)])
async def test_a_socket_of_a_strange_page_is_nobodys(api: Client, origin: str | None, known: bool) -> None:
    """A browser sends the cookie whoever opens the socket; what is public may be watched all the same."""
    cookie = await cookie_of(api)
    headers = {"Cookie": cookie, **({} if origin is None else {"Origin": origin})}
    async with api.session.ws_connect(f"{api.url}/graphql", protocols=["graphql-transport-ws"], headers=headers) as ws:
        await ws.send_json({"type": "connection_init"})
        assert (await ws.receive_json(timeout=10))["type"] == "connection_ack"
        await ws.send_json({"type": "subscribe", "id": "1", "payload": {"query": "{ me { address } }"}})
        told = await ws.receive_json(timeout=10)

    assert told["payload"]["data"] == {"me": {"address": RENTER.address} if known else None}
