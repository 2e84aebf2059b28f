"""A client of the API tells trouble that passes from a no that stays, and signs in by itself."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from devnet.accounts import RENTERS, private_key
from devnet.api_client import Api, ApiAway, ApiRefused, SignedOut
from devnet.member import Member
from models.values import JobStatus
from runtime.ports import free_port
from tests.integration.devnet.site import Answer, Question, Site, open_site

ANSWER = {"data": {"job": {"status": "RUNNING"}}}
JOB = bytes(32)


async def running(_: Question) -> tuple[int, Any]:
    """Answer that the job runs."""
    return 200, ANSWER


def always(status: int, body: Any) -> Answer:
    """Answer everything in one way."""

    async def answer(_: Question) -> tuple[int, Any]:
        return status, body

    return answer


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A server at which every job runs, unless a test says otherwise."""
    async with open_site(running) as opened:
        yield opened


@pytest.fixture
async def api(site: Site) -> AsyncIterator[Api]:
    """A client of that server."""
    async with Api(site.url) as opened:
        yield opened


@pytest.fixture
def member(api: Api) -> Member:
    """A renter's wallet there."""
    return Member(api, private_key(RENTERS[0]), chain_id=56)


def errors(code: str) -> dict[str, Any]:
    """Return a refusal with a code."""
    return {"data": None, "errors": [{"message": "no, because", "extensions": {"code": code}}]}


async def test_a_member_signs_in_once(member: Member, site: Site) -> None:
    """Though several ask at the same time."""
    answers = await asyncio.gather(*(member.job_status(JOB) for _ in range(5)))

    assert answers == [JobStatus.RUNNING] * 5
    assert site.signed_in == ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"]


@pytest.mark.parametrize("refusal", [(200, errors("UNAUTHENTICATED")), (401, "who are you?")])
async def test_a_session_that_has_ended_is_begun_anew(member: Member, site: Site, refusal: tuple[int, Any]) -> None:
    await member.job_status(JOB)

    async def answer(question: Question) -> tuple[int, Any]:
        return (200, ANSWER) if question.token == "session 2" else refusal

    site.answer = answer

    assert await asyncio.gather(*(member.job_status(JOB) for _ in range(3))) == [JobStatus.RUNNING] * 3
    assert len(site.signed_in) == 2


async def test_who_is_never_let_in_is_told_so(member: Member, site: Site) -> None:
    """After one more sign-in, not after a thousand."""
    site.answer = always(200, errors("UNAUTHENTICATED"))

    with pytest.raises(SignedOut):
        await member.job_status(JOB)
    assert len(site.signed_in) == 2


async def test_a_no_says_why(member: Member, site: Site) -> None:
    site.answer = always(200, errors("FORBIDDEN"))

    with pytest.raises(ApiRefused, match="no, because") as refused:
        await member.job_status(JOB)

    assert refused.value.code == "FORBIDDEN"


@pytest.mark.parametrize(
    "answer",
    [
        (200, errors("UNAVAILABLE")),
        (200, errors("INTERNAL")),
        (429, errors("ANYTHING")),
        (502, "<html>bad gateway</html>"),
        (200, "<html>welcome to this hotel</html>"),
        (200, {"data": {"something": "else"}}),
        (200, {"data": None}),
    ],
    ids=["unavailable", "internal", "limited", "gateway", "hotel", "other-shape", "nothing"],
)
async def test_what_may_pass_is_no_refusal(member: Member, site: Site, answer: tuple[int, Any]) -> None:
    site.answer = always(*answer)

    with pytest.raises(ApiAway, match=site.url):
        await member.job_status(JOB)


async def test_an_api_that_is_not_there_is_named() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    async with Api(url) as nowhere:
        with pytest.raises(ApiAway, match=url):
            await nowhere.ask("{ __typename }", dict)
