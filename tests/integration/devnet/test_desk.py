"""Renters and agents at the real API: they sign in, hand in what to run, and see what is done."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from devnet.accounts import PROVIDERS, RENTERS, private_key
from devnet.api_client import Api, ApiRefused
from devnet.desk import Desk
from devnet.member import Member
from devnet.specs import spec_of
from models.values import JobStatus, checksum_address
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import api as site
from tests.integration.graphql_api.conftest import market, schema_url, serving, template
from tests.integration.graphql_api.market import Fact, Market, confirmed, created, job_id, registered

__all__ = ["market", "schema_url", "site", "template"]

NATS = "nats://lamda:secret@127.0.0.1:4222"


@pytest.fixture
async def api(site: Client) -> AsyncIterator[Api]:
    """The API as devnet asks it."""
    async with Api(site.url) as opened:
        yield opened


@pytest.fixture
def renter(api: Api) -> Member:
    return Member(api, private_key(RENTERS[0]), chain_id=56)


@pytest.fixture
def provider(api: Api) -> Member:
    return Member(api, private_key(PROVIDERS[0]), chain_id=56)


def job(number: int, renter: Member, *, block: int = 10) -> Fact:
    """Return the `JobCreated` of a renter's job."""
    return created(
        number, block, renter=checksum_address(renter.address), provider=checksum_address(bytes(20)), payment=1
    )


async def report(market: Market, number: int, status: str) -> None:
    """Note what an agent said."""
    await market.note(
        "agent_reports", number, provider=bytes(20), attempt=1, status=status, received_at=datetime.now(UTC)
    )


async def specs(market: Market) -> dict[bytes, str]:
    """Return the image of each job that has a spec."""
    return dict(await market.execute("select job_id, docker_image from job_specs"))


async def test_a_desk_hands_in_what_is_missing(renter: Member, market: Market) -> None:
    """Jobs of this renter only, each once, with the spec that follows from its id."""
    other = Member(Api("http://nowhere"), private_key(RENTERS[1]), chain_id=56)
    await market.commit(job(1, renter), job(2, renter, block=11), job(3, other, block=12))

    await Desk(renter).step()

    assert await specs(market) == {job_id(number): spec_of(job_id(number)).docker_image for number in (1, 2)}
    assert (await renter.renter_jobs()).without_spec == ()


async def test_a_spec_may_come_before_the_transaction(renter: Member, market: Market) -> None:
    """When the job is on chain, nothing is missing."""
    await Desk(renter).hand_in(job_id(1))

    await market.commit(job(1, renter))

    assert (await renter.renter_jobs()).without_spec == ()
    assert await renter.job_status(job_id(1)) is JobStatus.CREATED


async def test_a_desk_has_a_result_when_the_agent_says_so(renter: Member, market: Market) -> None:
    """Not before, not when the run failed, and no longer once it is confirmed."""
    desk = Desk(renter)
    await market.commit(*(job(number, renter, block=number) for number in (1, 2, 3, 4)), confirmed(4, 20))
    await report(market, 1, "processing")
    await report(market, 2, "failed")
    await report(market, 3, "completed")
    await report(market, 4, "completed")

    await desk.step()

    assert [number for number in (1, 2, 3, 4) if desk.has_result(job_id(number))] == [3]


async def test_a_spec_that_is_refused_is_left(renter: Member, market: Market) -> None:
    """Somebody else's job is not ours to describe; the desk goes on with the next."""
    other = Member(Api("http://nowhere"), private_key(RENTERS[1]), chain_id=56)
    await market.commit(job(1, other), job(2, renter, block=11))
    desk = Desk(renter)

    await desk.hand_in(job_id(1))
    await desk.step()

    assert set(await specs(market)) == {job_id(2)}


async def test_a_job_that_nobody_has_seen_stands_nowhere(renter: Member) -> None:
    assert await renter.job_status(job_id(1)) is None


async def test_a_provider_gets_a_credential_and_nobody_else(schema_url: str, market: Market) -> None:
    async with serving(schema_url, nats_url=NATS) as site, Api(site.url) as api:
        provider, renter = (Member(api, private_key(each[0]), chain_id=56) for each in (PROVIDERS, RENTERS))
        address = checksum_address(provider.address)
        await market.commit(registered(address, 5))

        credential = await provider.agent_credential()
        with pytest.raises(ApiRefused, match="not a provider"):
            await renter.agent_credential()

    assert credential.url == "nats://127.0.0.1:4222"
    assert credential.status_subject == f"agents.{address}.status"
    assert credential.expires_at > datetime.now(UTC)


async def test_a_session_that_was_taken_back_is_begun_anew(renter: Member, market: Market) -> None:
    """As after a database was restored."""
    await Desk(renter).hand_in(job_id(1))
    await market.execute("delete from sessions")

    await Desk(renter).hand_in(job_id(2))

    assert set(await specs(market)) == {job_id(1), job_id(2)}
