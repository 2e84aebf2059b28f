"""The runbook of an endpoint that dies, with every ill that it names."""

import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.effects import proof
from tests.effects.marketplace import Marketplace, until
from tests.integration.meddler import honest
from tests.rehearsals import branches, endpoints
from tests.rehearsals.endpoints import host, restarted, several
from tests.rehearsals.page import Page, flat

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

PAGE = "docs/operations/endpoint.md"
OF_HISTORY = [
    "no endpoint keeps logs of block …, which is read next",
    "no endpoint keeps logs back to the start block",
]
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
        assert [f"{host(still)} .* behind: not used", f"{host(well)} .* in use"] == shown(
            seen, f"{host(still)} .* behind: not used", f"{host(well)} .* in use"
        )
        assert page.unsaid(await page.run("lamda doctor", code=1) + seen) == OF_HISTORY
        for each in (dead, still, behind, foreign):
            each.meddle = honest

        async def is_taken_back() -> bool:
            return bool(shown(await page.run("lamda status"), f"{host(dead)} .* in use"))

        await until(is_taken_back, within=60, what="the endpoint that was dead is in use again")
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
        said = await page.run("lamda doctor", code=1)

        async def is_told() -> bool:
            return "bsc no commit for" in flat(await page.run("lamda status"))

        await until(is_told, within=90, what="the status tells that nothing is committed")
        assert behind_of(await page.run("lamda status")) > DOWN_BLOCKS
        archive.meddle = honest
        await restarted(marketplace, short, archive)
        page.set(**marketplace.given)
        await branches.comes_to_the_head(marketplace)
        archive.meddle = short.meddle
        said += await page.run("lamda doctor")
        assert set(OF_HISTORY) & set(page.unsaid(said)) == set()
        await proof.comes_to_rest(marketplace)


def shown(said: str, *patterns: str) -> list[str]:
    """Return those of the patterns that a line of what was said fits."""
    return [pattern for pattern in patterns if re.search(pattern, said)]


def behind_of(said: str) -> int:
    """Return how many blocks BSC is behind, by the page of `lamda status`."""
    found = re.search(r"^bsc .* ([\d,]+) blocks", said, re.MULTILINE)
    assert found is not None, said
    return int(found[1].replace(",", ""))
