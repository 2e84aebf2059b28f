"""What an operator asks day by day, on a marketplace to which the page's troubles come one after the other."""

import re
from pathlib import Path

import pytest

from models.values import show_bytes
from tests.effects import proof
from tests.effects.marketplace import Marketplace, until
from tests.integration.lamda.test_doctor import without_logs
from tests.integration.meddler import meddling
from tests.rehearsals.page import Page

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

PAGE = "docs/operations/daily.md"
SPOIL = """
with ends as (select min(block_number) as first, max(block_number) as last from job_created),
lost as (delete from job_created using ends where block_number = first)
update job_created set payment = payment + 1 from ends where block_number = last
"""
DEEPER_THAN_FINALITY = 12
PAUSED = "select paused_fork from checkpoints where chain = 'bsc' and paused_reason is not null"


async def test_each_question_has_its_answer(marketplace: Marketplace, tmp_path: Path) -> None:
    """What is well, what differs and is mended, what is paused and goes on, and why a job waits."""
    page = Page(PAGE, marketplace.settings(), tmp_path)
    reactor = await marketplace.signing_reactor()
    await marketplace.open_jobs(2)
    await proof.all_is_settled(marketplace)
    await _an_endpoint_without_logs_is_told(page, marketplace)
    assert "in use" in await page.run("lamda status")
    await _what_differs_is_mended(page, marketplace)
    await _a_paused_chain_goes_on(page, marketplace)
    await reactor.end()
    await _a_job_waits_for_the_reactor(page, marketplace)
    await proof.comes_to_rest(marketplace)

    assert page.left == []


async def _an_endpoint_without_logs_is_told(page: Page, marketplace: Marketplace) -> None:
    async with meddling(marketplace.world.bsc.url) as endpoint:
        endpoint.meddle = without_logs
        page.set(BSC_RPC_URL=endpoint.url)
        said = await page.run("lamda doctor", code=1)
        assert "has eth_getLogs switched off, even for one block: it cannot be indexed from" in said
        assert "→ take it out of BSC_RPC_URL and name another one" in said
    page.set(BSC_RPC_URL=marketplace.world.bsc.url)
    assert "nothing is wrong" in await page.run("lamda doctor")


async def _what_differs_is_mended(page: Page, marketplace: Marketplace) -> None:
    await _spoil(marketplace)
    assert "DIFFERS" in await page.run("lamda audit --chain bsc", code=1)
    found = await page.run("lamda verify --chain bsc", code=1)
    assert "this differs; --repair would mend it:" in found
    assert re.search(r"^job_created +1 +0 +[1-9]", found, re.MULTILINE), found
    mended = await page.run("lamda reindex --chain bsc --from-block 2")
    assert "this differed, and was mended:" in mended
    assert "DIFFERS" not in await page.run("lamda audit --chain bsc")
    assert "nothing differed" in await page.run("lamda verify --chain bsc")


async def _spoil(marketplace: Marketplace) -> None:
    async with marketplace.market.pool.connection() as connection:
        await connection.execute(SPOIL)


async def _a_paused_chain_goes_on(page: Page, marketplace: Marketplace) -> None:
    fork = await _is_paused(marketplace)
    assert f"(fork at block {fork})" in " ".join((await page.run("lamda status")).split())
    assert "bsc goes on" in await page.run("lamda resume --chain bsc")
    await _goes_on(marketplace)
    fork = await _is_paused(marketplace)
    await page.run("lamda reindex --chain bsc --from-block FORK", {"FORK": str(fork)})
    await _goes_on(marketplace)
    assert "nothing is wrong" in await page.run("lamda doctor")


async def _is_paused(marketplace: Marketplace) -> int:
    """Let BSC break its word on blocks in which nothing happened; return the fork that our tables name."""
    bsc = marketplace.world.bsc
    marketplace.still.add(bsc)
    async with marketplace.sending:
        await bsc.mine(2 * DEEPER_THAN_FINALITY)
    await until(lambda: _is_read(marketplace), within=30, what="bsc is read")
    await bsc.reorg(DEEPER_THAN_FINALITY)
    async with marketplace.sending:
        await bsc.mine(DEEPER_THAN_FINALITY)
    await until(lambda: marketplace.market.ask(PAUSED), within=30, what="bsc is paused")
    ((fork,),) = await marketplace.market.ask(PAUSED)
    return int(fork)


async def _goes_on(marketplace: Marketplace) -> None:
    await until(lambda: _is_read(marketplace), within=30, what="bsc goes on")
    marketplace.still.clear()


async def _is_read(marketplace: Marketplace) -> bool:
    ((number,),) = await marketplace.market.ask("select number from checkpoints where chain = 'bsc'")
    return bool(number >= await marketplace.world.bsc.head())


async def _a_job_waits_for_the_reactor(page: Page, marketplace: Marketplace) -> None:
    [job] = await marketplace.open_jobs()
    name = show_bytes(job)
    waits = "select 1 from jobs where job_id = %s and has_spec"
    await until(lambda: marketplace.market.ask(waits, job), within=30, what="the job is indexed")
    await marketplace.world.bsc.mine(6)
    said = await page.run("lamda explain 0x53f3c6…", {"0x53f3c6…": name})
    assert "because" in said
    assert "is `lamda react` running?" in said, said
    assert "is due" in await page.run("lamda retry JOB", {"JOB": name})
    async with page.running("lamda react", "door.open"):
        await proof.all_is_settled(marketplace)
        assert "credit mined" in await page.run("lamda explain JOB", {"JOB": name})
