"""Sign-In with Ethereum: who gets in, by which messages, for how long, and who does not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.values import parse_address
from runtime.settings import AccountSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import Market, created, job_hex
from tests.integration.graphql_api.wallets import SIGN_IN, Wallet, message, nonce, stamp

ME = "{ me { address isAdmin provider { address } jobs { nodes { jobId } totalCount } } }"
RENTER, ADMIN, OTHER = Wallet(1), Wallet(0), Wallet(2)
NOW = datetime.now(UTC)


@pytest.fixture
async def api(schema_url: str) -> AsyncIterator[Client]:
    """A client of an API that knows an admin."""
    accounts = AccountSettings(admin_addresses=frozenset([parse_address(ADMIN.address)]))
    async with serving(schema_url, accounts=accounts) as client:
        yield client


async def attempt(api: Client, text: str, signature: str) -> Any:
    """Try to sign in; return the whole response."""
    return await api.respond(SIGN_IN, message=text, signature=signature)


async def test_nobody_has_signed_in_at_first(api: Client) -> None:
    assert await api.ask("{ me { address } }") == {"me": None}


async def test_a_wallet_signs_in_and_sees_itself(api: Client, market: Market) -> None:
    """Its jobs are those it rents."""
    await market.commit(
        created(1, 10, renter=RENTER.address, payment=1), created(2, 11, provider=RENTER.address, payment=1)
    )

    me = (await (await RENTER.enter(api)).ask(ME))["me"]

    jobs = {"nodes": [{"jobId": job_hex(1)}], "totalCount": 1}
    assert me == {"address": RENTER.address, "isAdmin": False, "provider": None, "jobs": jobs}


async def test_an_admin_is_one_by_setting(api: Client) -> None:
    assert (await (await ADMIN.enter(api)).ask("{ me { isAdmin } }"))["me"] == {"isAdmin": True}


async def test_a_session_lasts_as_long_as_set_and_its_token_is_kept_nowhere(api: Client, market: Market) -> None:
    text = message(api.url, RENTER.address, await nonce(api))
    session = (await attempt(api, text, RENTER.sign(text)))["data"]["signIn"]

    lasts = datetime.fromisoformat(session["expiresAt"]) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < lasts <= timedelta(hours=24)
    [(kept,)] = await market.execute("select sessions::text from sessions")
    assert len(session["token"]) >= 43
    assert session["token"] not in kept


@pytest.mark.parametrize("chain_id", ["56", "204"])
async def test_a_message_for_either_chain_is_good(api: Client, chain_id: str) -> None:
    text = message(api.url, RENTER.address, await nonce(api), Chain_ID=chain_id)

    assert "errors" not in await attempt(api, text, RENTER.sign(text))


REFUSED = [
    ({"domain": "evil.example"}, "domain 'evil.example' is not one"),
    ({"URI": "https://evil.example/"}, "URI 'https://evil.example/' is not one"),
    ({"Chain_ID": "1"}, "chain id 1 is not one of ours"),
    ({"Version": "2"}, "does not follow EIP-4361"),
    ({"Expiration_Time": None}, "the message never expires"),
    ({"Expiration_Time": stamp(NOW + timedelta(hours=25))}, "more than 24 hours ahead"),
    ({"Expiration_Time": stamp(NOW - timedelta(seconds=1))}, "has expired"),
    ({"Expiration_Time": "soon"}, "does not follow EIP-4361"),
    ({"Not_Before": stamp(NOW + timedelta(hours=1))}, "is not valid yet"),
]


@pytest.mark.parametrize(("changed", "reason"), REFUSED)
async def test_a_message_not_meant_for_us_or_for_now_is_refused(
    api: Client, changed: dict[str, str | None], reason: str
) -> None:
    """Though well signed; and its nonce is gone."""
    given = await nonce(api)
    text = message(api.url, RENTER.address, given, **changed)
    refused = await attempt(api, text, RENTER.sign(text))
    again = message(api.url, RENTER.address, given)
    replayed = await attempt(api, again, RENTER.sign(again))

    assert reason in refused["errors"][0]["message"]
    assert refused["errors"][0]["extensions"]["code"] in ("SIGN_IN_REFUSED", "BAD_INPUT")
    assert "the nonce is not one of ours, was used before" in replayed["errors"][0]["message"]


async def test_a_signature_of_somebody_else_is_refused(api: Client) -> None:
    text = message(api.url, RENTER.address, await nonce(api))
    error = (await attempt(api, text, OTHER.sign(text)))["errors"][0]

    assert f"the signature is not that of {RENTER.address} for this message" in error["message"]
    assert error["extensions"]["code"] == "SIGN_IN_REFUSED"


async def test_a_message_changed_after_signing_is_refused(api: Client) -> None:
    text = message(api.url, RENTER.address, await nonce(api))

    error = (await attempt(api, text.replace("Lamda", "lamda"), RENTER.sign(text)))["errors"][0]

    assert "the signature is not that of" in error["message"]


@pytest.mark.parametrize("signature", ["", "0x1", "zz" * 66, "0x" + "ab" * 8193])
async def test_what_is_no_signature_is_refused(api: Client, signature: str) -> None:
    text = message(api.url, RENTER.address, await nonce(api))
    error = (await attempt(api, text, signature))["errors"][0]

    assert error["message"] == "signature: expected bytes in hex with 0x, 16386 characters at most"


@pytest.mark.parametrize("signature", ["0x", "0x" + "00" * 65, "0x" + "ff" * 65, "0x" + "ab" * 200])
async def test_a_contract_cannot_sign_in_where_no_chain_can_be_asked(api: Client, signature: str) -> None:
    """Whose signature it is only the contract could say; the error names what to set."""
    text = message(api.url, RENTER.address, await nonce(api))
    error = (await attempt(api, text, signature))["errors"][0]

    assert error["extensions"]["code"] == "SIGN_IN_REFUSED"
    assert "settings BSC_RPC_URL and OPBNB_RPC_URL would say where to ask it" in error["message"]


@pytest.mark.parametrize("text", ["", "hello", "Nonce: 12345678", "\0", "x" * 1001, "Nonce: 12345678\nNonce: 12345679"])
async def test_what_is_no_message_is_refused(api: Client, text: str) -> None:
    error = (await attempt(api, text, RENTER.sign("")))["errors"][0]

    assert error["extensions"]["code"] in ("BAD_INPUT", "SIGN_IN_REFUSED")


async def test_a_message_with_something_behind_it_is_refused(api: Client) -> None:
    text = message(api.url, RENTER.address, await nonce(api)) + "\n"
    error = (await attempt(api, text, RENTER.sign(text)))["errors"][0]

    assert error["extensions"]["code"] == "BAD_INPUT"


async def test_a_nonce_serves_once(api: Client) -> None:
    """Of ten sign-ins at once with one good message, one gets in."""
    text = message(api.url, RENTER.address, await nonce(api))
    answers = await asyncio.gather(*(attempt(api, text, RENTER.sign(text)) for _ in range(10)))

    assert [bool(answer.get("errors")) for answer in answers].count(False) == 1


async def test_a_nonce_of_nobody_or_too_old_is_refused(api: Client, market: Market) -> None:
    invented = message(api.url, RENTER.address, "a" * 32)
    old = message(api.url, RENTER.address, await nonce(api))
    await market.execute("update sign_in_nonces set expires_at = now() - interval '1 second'")

    for text in (invented, old):
        error = (await attempt(api, text, RENTER.sign(text)))["errors"][0]
        assert "older than ten minutes" in error["message"]


async def test_a_nonce_is_good_for_ten_minutes(api: Client, market: Market) -> None:
    await nonce(api)

    [(left,)] = await market.execute("select expires_at - now() from sign_in_nonces")
    assert timedelta(minutes=9, seconds=50) < left <= timedelta(minutes=10)


async def test_signing_out_ends_the_session_everywhere(api: Client) -> None:
    """Also for a WebSocket that was opened with it; signing out again does nothing."""
    renter = await RENTER.enter(api)
    async with renter.watch(ME) as watching:
        assert (await watching.told())["me"]["address"] == RENTER.address
    again = api.showing(renter.token)

    assert await renter.ask("mutation { signOut }") == {"signOut": True}
    assert await again.ask("{ me { address } }") == {"me": None}
    assert await again.ask("mutation { signOut }") == {"signOut": False}


async def test_a_session_ends_by_itself(api: Client, market: Market) -> None:
    renter = await RENTER.enter(api)
    await market.execute("update sessions set expires_at = now()")

    assert await renter.ask("{ me { address } }") == {"me": None}
    error = await renter.refusal("mutation { agentCredential { url } }")
    assert (error["extensions"]["code"], "has ended" in error["message"]) == ("UNAUTHENTICATED", True)


@pytest.mark.parametrize("shown", ["Bearer", "Bearer nothing", "Basic abc", "\udcff", ""])
async def test_whatever_else_is_shown_is_nobody(api: Client, shown: str) -> None:
    """What is public stays so."""
    headers = {"Authorization": shown.encode("utf-8", "surrogateescape").decode("latin-1")}
    async with api.session.post(
        f"{api.url}/graphql", json={"query": "{ me { address } }"}, headers=headers
    ) as response:
        assert (await response.json())["data"] == {"me": None}


async def test_what_has_expired_is_deleted(market: Market, schema_url: str) -> None:
    """When the next nonce is given out, once a minute."""
    await market.execute("insert into sign_in_nonces values ('old', now() - interval '1 hour')")
    await market.execute("insert into agent_credentials values ('old', '', now() - interval '1 hour')")
    async with serving(schema_url) as another:
        await nonce(another)

    assert await market.execute("select nonce from sign_in_nonces where nonce = 'old'") == []
    assert await market.execute("select address from agent_credentials") == []


async def test_only_named_sites_may_be_signed_in_from_in_production(schema_url: str) -> None:
    """Nothing is good by default; what the settings name is."""
    strict = AccountSettings(environment="production")
    named = AccountSettings(
        environment="production", sign_in_domains=("app.example",), sign_in_uris=("https://app.example/in",)
    )
    async with serving(schema_url, accounts=strict) as api:
        text = message(api.url, RENTER.address, await nonce(api))
        assert "SIGN_IN_DOMAINS" in (await attempt(api, text, RENTER.sign(text)))["errors"][0]["message"]
    async with serving(schema_url, accounts=named) as api:
        text = message("https://app.example/in", RENTER.address, await nonce(api))
        assert "errors" not in await attempt(api, text, RENTER.sign(text))
