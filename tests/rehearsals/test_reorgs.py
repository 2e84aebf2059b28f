"""What the page about reorgs says: shallow ones are taken back by themselves, deep ones on a person's word."""

from pathlib import Path

import pytest

from tests.effects import proof
from tests.effects.marketplace import Marketplace, until
from tests.rehearsals import branches
from tests.rehearsals.page import Page

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

PAGE = "docs/reorgs.md"
SHALLOW = 2
RETRACTIONS = "select count(*) from changes where by_reorg and entity = 'JOB'"


async def test_a_shallow_reorg_and_two_that_need_a_word(marketplace: Marketplace, tmp_path: Path) -> None:
    """A job that a shallow one takes back is told as gone, and nothing is done for it; nothing is done twice."""
    page, bsc = Page(PAGE, marketplace.settings(), tmp_path), marketplace.world.bsc
    await marketplace.signing_reactor()
    await proof.all_is_settled(marketplace)
    marketplace.still.add(bsc)
    lost = await marketplace.open_jobs()
    await bsc.mine(SHALLOW)
    await until(lambda: are_shown(marketplace, lost), within=30, what="the job is shown")
    await bsc.reorg(SHALLOW)
    await bsc.mine()
    await until(lambda: are_gone(marketplace, lost), within=30, what="the job is gone")
    assert not await branches.is_paused(marketplace)
    assert await marketplace.market.ask(RETRACTIONS) == [(len(lost),)]

    await branches.is_left(marketplace, branches.DEEP)
    await page.run("lamda resume --chain bsc")
    await branches.comes_to_the_head(marketplace)
    fork = await branches.is_left(marketplace, branches.DEEP)
    await page.run("lamda reindex --chain bsc --from-block N", {"N": str(fork)})
    marketplace.still.clear()
    await branches.comes_to_the_head(marketplace)
    await branches.are_paid_again(marketplace, lost)
    await proof.comes_to_rest(marketplace)

    assert page.left == []


async def are_shown(marketplace: Marketplace, jobs: list[bytes]) -> bool:
    """Say whether there are rows of all jobs."""
    return set(jobs) <= await known(marketplace)


async def are_gone(marketplace: Marketplace, jobs: list[bytes]) -> bool:
    """Say whether there is a row of none of the jobs."""
    return not set(jobs) & await known(marketplace)


async def known(marketplace: Marketplace) -> set[bytes]:
    """Return the jobs that there are rows of."""
    return {job_id for (job_id,) in await marketplace.market.ask("select job_id from jobs")}
