"""The page of finality that stalls: of both chains, and of one endpoint alone."""

import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from models.values import show_bytes
from tests.effects import proof
from tests.effects.marketplace import Marketplace, until
from tests.integration.meddler import Meddler, honest
from tests.rehearsals import branches, endpoints
from tests.rehearsals.endpoints import host, restarted, several
from tests.rehearsals.page import Page
from tests.rehearsals.said import numbers_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

PAGE = "docs/operations/finality.md"
MORE_BLOCKS = 310
"""More than finality usually trails on BSC."""

APART_BLOCKS = 50
"""More than one endpoint usually calls final behind another on BSC."""

JOBS = 3


async def test_finality_of_both_chains_stalls(marketplace: Marketplace, tmp_path: Path) -> None:
    """What is not final is shown and not acted on; then everything goes on by itself."""
    page, opbnb = Page(PAGE, marketplace.settings(), tmp_path), marketplace.endpoint
    async with AsyncExitStack() as stack:
        (bsc,) = await several(stack, marketplace, 1)
        marketplace.given["OPBNB_RPC_URL"] = opbnb.url
        await settled_with(marketplace, bsc)
        page.set(**marketplace.given)
        opbnb.meddle = await endpoints.stays_final(marketplace.world.opbnb)
        await marketplace.open_jobs(JOBS)
        await marketplace.goes_on(JOBS)
        assert f"1 final, 0 given before, {JOBS} under way" in await page.run("lamda credits")
        bsc.meddle = await endpoints.stays_final(marketplace.world.bsc)
        jobs = await marketplace.open_jobs(JOBS)
        await branches.comes_to_the_head(marketplace)
        head, finalized, *_ = numbers_of(await page.run("lamda status"), "bsc")
        await marketplace.world.bsc.mine(MORE_BLOCKS)
        await branches.comes_to_the_head(marketplace)
        later, *standing = numbers_of(await page.run("lamda status"), "bsc")
        assert later - head >= MORE_BLOCKS
        assert standing[0] == finalized
        said = await page.run("lamda doctor")
        assert re.search(rf"! {host(bsc)}: finality trails [0-9,]+ blocks behind the head", said), said
        assert "waiting for finality" in await page.run("lamda explain JOB", {"JOB": show_bytes(jobs[0])})
        assert not any(agent.runs[job] for agent in marketplace.agents.values() for job in jobs)
        bsc.meddle = opbnb.meddle = honest
        await proof.comes_to_rest(marketplace)

    assert page.left == []


async def test_finality_of_one_endpoint_trails(marketplace: Marketplace, tmp_path: Path) -> None:
    """It holds back what all others call final, until it is taken out."""
    page = Page(PAGE, marketplace.settings(), tmp_path)
    async with AsyncExitStack() as stack:
        well, late = await several(stack, marketplace, 2)
        await settled_with(marketplace, well, late)
        page.set(**marketplace.given)
        head = await marketplace.world.bsc.head()
        late.meddle = await endpoints.stays_final(marketplace.world.bsc)
        jobs = await marketplace.open_jobs(JOBS)
        # At its own pace: who seems to lag does not count.
        await until(lambda: is_at(marketplace, head + APART_BLOCKS), within=60, what="more blocks")
        said = await page.run("lamda doctor")
        assert re.search(rf"! {host(late)} calls final \d+ blocks less than the best of them", said), said
        assert f"✓ {host(well)}: chain 56" in said
        assert not any(agent.runs[job] for agent in marketplace.agents.values() for job in jobs)
        await restarted(marketplace, well)
        await proof.comes_to_rest(marketplace)


async def settled_with(marketplace: Marketplace, *given: Meddler) -> None:
    """Have the programs work with these endpoints of BSC until a first job is settled."""
    await restarted(marketplace, *given)
    await marketplace.signing_reactor()
    await proof.all_is_settled(marketplace)


async def is_at(marketplace: Marketplace, block: int) -> bool:
    """Say whether BSC has come so far."""
    return await marketplace.world.bsc.head() >= block
