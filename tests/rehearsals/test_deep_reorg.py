"""The runbook of a reorg deeper than finality: where the chain broke its word, and where an endpoint strayed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from models.values import show_bytes
from runtime.ports import free_port
from tests.effects import proof
from tests.effects.marketplace import Marketplace, until
from tests.integration.meddler import honest, meddling
from tests.rehearsals import branches
from tests.rehearsals.endpoints import hang_up, host, restarted
from tests.rehearsals.page import Page, flat

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

PAGE = "docs/operations/deep-reorg.md"
BLOCK = "51200000"
LOST_JOBS = 2
CHAINS = "{ chains { chain ready reason } jobs { totalCount } }"
RETRACTIONS = "select count(*) from changes where by_reorg and entity = 'JOB'"


async def test_a_chain_that_broke_its_word(marketplace: Marketplace, tmp_path: Path) -> None:
    """Jobs that it leaves were run and credited; their renter pays again, and nothing is done twice."""
    page, bsc = Page(PAGE, marketplace.settings(), tmp_path), marketplace.world.bsc
    await marketplace.signing_reactor()
    await proof.all_is_settled(marketplace)
    marketplace.still.add(bsc)
    before = await bsc.head()
    lost = await branches.is_gone_through(marketplace, LOST_JOBS)
    fork = await branches.is_left(marketplace, await bsc.head() - before)
    assert f"(fork at block {fork})" in flat(await page.run("lamda status"))
    async with api(marketplace) as url:
        assert "paused: the chain was reorganised below block" in await not_ready(url)
    assert "than ours, which was final: it has 0x" in await page.run("lamda doctor", code=1)
    await page.run('lamda credits pause "deep reorg"')
    assert f"what we have above block {fork} is taken back" in await page.run("lamda resume --chain bsc")
    await branches.comes_to_the_head(marketplace)
    assert await marketplace.market.ask(RETRACTIONS) == [(LOST_JOBS,)]
    assert "DIFFERS" not in await page.run("lamda audit")
    listed = await page.run("lamda credits")
    assert [f"left the chain: {show_bytes(job)}" in listed for job in lost] == [True] * LOST_JOBS
    assert "credits go on" in await page.run("lamda credits resume")
    marketplace.still.clear()
    await branches.are_paid_again(marketplace, lost)
    await proof.comes_to_rest(marketplace)
    assert "left the chain" not in await page.run("lamda credits")

    marketplace.still.add(bsc)
    fork = await branches.is_left(marketplace, branches.DEEP)
    said = await page.run("lamda reindex --chain bsc --from-block 51200000", {BLOCK: str(fork - 3)})
    assert f"bsc: blocks {fork - 3}–" in said
    marketplace.still.clear()
    await branches.comes_to_the_head(marketplace)
    assert "nothing is wrong" in await page.run("lamda doctor")
    await marketplace.open_jobs()
    await proof.comes_to_rest(marketplace)

    assert page.left == []


async def test_an_endpoint_that_strayed(marketplace: Marketplace, tmp_path: Path) -> None:
    """It is alone while the other one is away; taken out, nothing of ours is taken back."""
    page = Page(PAGE, marketplace.settings(), tmp_path)
    async with meddling(marketplace.world.bsc.url) as right, meddling(marketplace.world.bsc.url) as wrong:
        await restarted(marketplace, right, wrong)
        await marketplace.signing_reactor()
        await proof.all_is_settled(marketplace)
        fork = await marketplace.world.bsc.head()
        right.meddle, wrong.meddle = hang_up, branches.strays_above(fork - branches.DEEP)
        await until(lambda: branches.is_paused(marketplace), within=30, what="bsc is paused")
        right.meddle = honest
        page.set(**marketplace.given)
        said = await page.run("lamda doctor", code=1)
        assert f"✗ {host(wrong)} has another block" in said
        assert f"✓ {host(right)}: chain 56" in said
        await restarted(marketplace, right)
        page.set(**marketplace.given)
        assert "bsc goes on" in await page.run("lamda resume --chain bsc")
        await branches.comes_to_the_head(marketplace)
        assert await marketplace.market.ask(RETRACTIONS) == [(0,)]
        assert "nothing is wrong" in await page.run("lamda doctor")
        assert "DIFFERS" not in await page.run("lamda audit")
        await marketplace.open_jobs()
        await proof.comes_to_rest(marketplace)


@asynccontextmanager
async def api(marketplace: Marketplace) -> AsyncIterator[str]:
    """Run the API beside the marketplace; yield where it is."""
    port = free_port()
    settings = {**marketplace.settings(), "API_PORT": str(port)}
    born = await marketplace.nursery.bear("serve", settings=settings, folder=marketplace.folder)
    yield f"http://127.0.0.1:{port}"
    await born.kill()


async def not_ready(url: str) -> str:
    """Return why the API is not ready, by its own word; it goes on answering."""
    async with aiohttp.ClientSession() as session:
        await until(lambda: answers(session, url), within=30, what="the API answers")
        async with session.get(f"{url}/ready") as response:
            assert response.status == 503
            reason = (await response.json())["chains"]["bsc"]["reason"]
        async with session.post(f"{url}/graphql", json={"query": CHAINS}) as response:
            told = (await response.json())["data"]
    assert reason in [each["reason"] for each in told["chains"]]
    assert told["jobs"]["totalCount"] > 0
    return str(reason)


async def answers(session: aiohttp.ClientSession, url: str) -> bool:
    """Say whether the API is there."""
    try:
        async with session.get(f"{url}/health") as response:
            return response.status == 200
    except aiohttp.ClientConnectionError:
        return False
