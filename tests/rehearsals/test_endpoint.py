"""The runbook of an endpoint that dies, with every ill that it names."""

import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from lamda.status import SILENT_SECONDS
from tests.effects import proof
from tests.effects.marketplace import Marketplace, until
from tests.integration.meddler import Meddler, honest
from tests.rehearsals import branches, endpoints
from tests.rehearsals.endpoints import host, restarted, several
from tests.rehearsals.page import Page, flat
from tests.rehearsals.said import numbers_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

PAGE = "docs/operations/endpoint.md"
IS_NEXT = "no endpoint keeps logs of block …, which is read next"
IS_OLD = "no endpoint keeps logs back to the start block"
IS_ELSEWHERE = "has another block … than ours, which was final"
DOWN_BLOCKS, KEPT_BLOCKS = 300, 100


async def test_endpoints_with_every_ill(marketplace: Marketplace, tmp_path: Path) -> None:
    """Beside one that is well nothing stops; the page has a row for each, and what is well again is taken back."""
    page = Page(PAGE, marketplace.settings(), tmp_path)
    async with AsyncExitStack() as stack:
        dead, off, still, behind, often, unpaid, foreign, well = await several(stack, marketplace, 8)
        await restarted(marketplace, dead, off, still, behind, often, unpaid, foreign, well)
        page.set(**marketplace.given)
        await marketplace.signing_reactor()
        dead.meddle, off.meddle = endpoints.hang_up, endpoints.without_logs
        still.meddle, behind.meddle = endpoints.stays_behind(seconds=300), endpoints.stays_behind()
        often.meddle, unpaid.meddle = endpoints.asks_for_rest, endpoints.has_no_plan
        foreign.meddle = endpoints.is_of_another_genesis
        await marketplace.open_jobs(3)
        await marketplace.goes_on(3)
        seen = await page.run("lamda status")
        assert re.search(f"{host(still)} .* behind: not used", seen), seen
        assert re.search(f"{host(well)} .* in use", seen), seen
        assert page.unsaid(seen + await page.run("lamda doctor", code=1)) == [IS_NEXT, IS_OLD, IS_ELSEWHERE]
        for each in (dead, still, behind, foreign):
            each.meddle = honest
        await until(
            lambda: is_taken_back(marketplace, dead), within=60, what="the endpoint that was dead rests no more"
        )
        assert re.search(f"{host(dead)} .* in use", await page.run("lamda status"))
        await proof.comes_to_rest(marketplace)

    assert page.left == []


async def test_history_that_only_an_archive_keeps(marketplace: Marketplace, tmp_path: Path) -> None:
    """The indexer was down for longer than the only endpoint keeps logs; it waits, and skips no job."""
    page = Page(PAGE, marketplace.settings(), tmp_path)
    bsc = marketplace.world.bsc
    async with AsyncExitStack() as stack:
        short, archive = await several(stack, marketplace, 2)
        await marketplace.signing_reactor()
        await proof.all_is_settled(marketplace)
        assert marketplace.indexer is not None
        await marketplace.indexer.end()
        await marketplace.open_jobs(2)
        await bsc.mine(DOWN_BLOCKS)
        short.meddle = archive.meddle = endpoints.forgets_below(await bsc.head() - KEPT_BLOCKS)
        await restarted(marketplace, short)
        page.set(**marketplace.given)
        assert IS_NEXT not in page.unsaid(await page.run("lamda doctor", code=1))
        await until(lambda: is_silent(marketplace), within=90, what="nothing is committed for so long")
        seen = await page.run("lamda status")
        assert "bsc no commit for" in flat(seen)
        assert numbers_of(seen, "bsc")[-1] > DOWN_BLOCKS
        archive.meddle = honest
        await restarted(marketplace, short, archive)
        page.set(**marketplace.given)
        await branches.comes_to_the_head(marketplace)
        archive.meddle = short.meddle
        assert IS_OLD not in page.unsaid(await page.run("lamda doctor"))
        await proof.comes_to_rest(marketplace)


async def test_an_endpoint_on_another_branch(marketplace: Marketplace, tmp_path: Path) -> None:
    """Beside one that has our blocks nothing is paused, and nothing goes on before a person has looked."""
    page = Page(PAGE, marketplace.settings(), tmp_path)
    async with AsyncExitStack() as stack:
        strayed, well = await several(stack, marketplace, 2)
        await restarted(marketplace, strayed, well)
        page.set(**marketplace.given)
        await marketplace.signing_reactor()
        await proof.all_is_settled(marketplace)
        strayed.meddle = branches.strays_above(await marketplace.world.bsc.head() - branches.DEEP)
        await marketplace.open_jobs(2)
        await until(lambda: is_silent(marketplace), within=90, what="nothing is committed for so long")
        assert "bsc no commit for" in flat(await page.run("lamda status"))
        assert IS_ELSEWHERE not in page.unsaid(await page.run("lamda doctor", code=1))
        assert "one has another block" in (marketplace.folder / "index.log").read_text(encoding="utf-8")
        await restarted(marketplace, well)
        await proof.comes_to_rest(marketplace)


async def is_silent(marketplace: Marketplace) -> bool:
    """Say whether nothing of BSC was committed for so long that the status tells of it."""
    silent = "select extract(epoch from now() - updated_at) from checkpoints where chain = 'bsc'"
    ((seconds,),) = await marketplace.market.ask(silent)
    return bool(seconds > SILENT_SECONDS)


async def is_taken_back(marketplace: Marketplace, endpoint: Meddler) -> bool:
    """Say whether an endpoint of BSC rests no more."""
    ((until_when,),) = await marketplace.market.ask(
        "select resting_until from endpoints where name = %s", host(endpoint)
    )
    return until_when is None
