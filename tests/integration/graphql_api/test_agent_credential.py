"""What a provider's agent connects to NATS with: who gets it, and what it says."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from graphql_api.account_store import CREDENTIALS_MAX
from runtime.settings import AccountSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import Market, beat, created, registered
from tests.integration.graphql_api.wallets import Wallet

PROVIDER = Wallet(5)
CREDENTIAL = "mutation { agentCredential { url token expiresAt dispatchSubject statusSubject } }"
OURS = "nats://lamda:secret@10.0.0.1:4222, nats://lamda:secret@10.0.0.2:4222"


async def test_a_registered_provider_gets_a_credential_of_its_own(schema_url: str, market: Market) -> None:
    """Good for a day; of the token we keep the hash only; our own password is not in the URL."""
    await market.commit(registered(PROVIDER.address, 5))
    async with serving(schema_url, accounts=AccountSettings(), nats_url=OURS) as api:
        credential = (await (await PROVIDER.enter(api)).ask(CREDENTIAL))["agentCredential"]

    assert credential["url"] == "nats://10.0.0.1:4222,nats://10.0.0.2:4222"
    assert credential["dispatchSubject"] == f"jobs.dispatch.{PROVIDER.address}"
    assert credential["statusSubject"] == f"agents.{PROVIDER.address}.status"
    lasts = datetime.fromisoformat(credential["expiresAt"]) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < lasts <= timedelta(hours=24)
    [(kept, address)] = await market.execute("select token_hash, address from agent_credentials")
    assert (kept, address.hex()) == (
        hashlib.sha256(credential["token"].encode()).digest(),
        PROVIDER.address[2:].lower(),
    )


async def test_whom_a_job_names_gets_one_too(schema_url: str, market: Market) -> None:
    """At the address that agents are told to use."""
    await market.commit(created(1, 10, provider=PROVIDER.address, payment=1))
    accounts = AccountSettings.model_validate({"nats_public_url": "tls://nats.example:4222"})
    async with serving(schema_url, accounts=accounts, nats_url=OURS) as api:
        credential = (await (await PROVIDER.enter(api)).ask(CREDENTIAL))["agentCredential"]

    assert credential["url"] == "tls://nats.example:4222"


@pytest.mark.parametrize("is_signed_in", [True, False])
async def test_nobody_else_gets_one(schema_url: str, market: Market, *, is_signed_in: bool) -> None:
    """Neither somebody who only beats, nor whoever is not signed in."""
    await market.commit(beat(PROVIDER.address, 5), created(1, 10, renter=PROVIDER.address, payment=1))
    async with serving(schema_url, nats_url=OURS) as api:
        client: Client = await PROVIDER.enter(api) if is_signed_in else api
        error = await client.refusal(CREDENTIAL)

    assert error["extensions"]["code"] == ("FORBIDDEN" if is_signed_in else "UNAUTHENTICATED")
    assert await market.execute("select token_hash from agent_credentials") == []


async def test_who_is_barred_gets_none_by_signing_in_anew(schema_url: str, market: Market) -> None:
    """And reads why, and until when."""
    await market.commit(registered(PROVIDER.address, 5))
    bar = "insert into agents values (decode(substr('{}', 3), 'hex'), null, now() + interval '1 hour', 'flood')"
    await market.execute(bar.format(PROVIDER.address))
    async with serving(schema_url, nats_url=OURS) as api:
        error = await (await PROVIDER.enter(api)).refusal(CREDENTIAL)

    assert error["extensions"]["code"] == "FORBIDDEN"
    assert "barred until" in error["message"]
    assert error["message"].endswith(": flood")
    assert await market.execute("select token_hash from agent_credentials") == []


async def test_a_provider_takes_back_its_own_credentials_and_no_others(schema_url: str, market: Market) -> None:
    """After a leak: all at once, and a new one can be had."""
    await market.commit(registered(PROVIDER.address, 5))
    await market.execute("insert into agent_credentials values ('of another', 'x', now() + interval '1 hour')")
    async with serving(schema_url, nats_url=OURS) as api:
        provider = await PROVIDER.enter(api)
        for _ in range(2):
            await provider.ask(CREDENTIAL)

        assert await provider.ask("mutation { revokeAgentCredentials }") == {"revokeAgentCredentials": 2}
        assert await market.execute("select token_hash from agent_credentials") == [(b"of another",)]
        await provider.ask(CREDENTIAL)
        assert (await api.refusal("mutation { revokeAgentCredentials }"))["extensions"]["code"] == "UNAUTHENTICATED"


async def test_of_many_credentials_the_newest_are_good(schema_url: str, market: Market) -> None:
    """Whoever asks without end does not fill our tables."""
    await market.commit(registered(PROVIDER.address, 5))
    async with serving(schema_url, nats_url=OURS) as api:
        provider = await PROVIDER.enter(api)
        for _ in range(CREDENTIALS_MAX + 2):
            credential = (await provider.ask(CREDENTIAL))["agentCredential"]

    kept = [row[0] for row in await market.execute("select token_hash from agent_credentials")]
    assert len(kept) == CREDENTIALS_MAX
    assert hashlib.sha256(credential["token"].encode()).digest() in kept


async def test_without_nats_there_is_nothing_to_connect_to(api: Client, market: Market) -> None:
    await market.commit(registered(PROVIDER.address, 5))
    error = await (await PROVIDER.enter(api)).refusal(CREDENTIAL)

    assert (error["extensions"]["code"], "NATS_URL" in error["message"]) == ("UNAVAILABLE", True)
