"""The page of reading again, after an endpoint has lied."""

import asyncio
import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.effects import proof
from tests.effects.marketplace import Marketplace
from tests.integration.meddler import Meddler, honest
from tests.rehearsals import branches, endpoints
from tests.rehearsals.endpoints import host, restarted, several
from tests.rehearsals.page import Page

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

PAGE = "docs/operations/reindex.md"
FROM = {"51200000": "1"}
MISSING = re.compile(r"^job_created +1 +0 +0$", re.MULTILINE)


async def test_what_an_endpoint_has_hidden_is_read_again(marketplace: Marketplace, tmp_path: Path) -> None:
    """An audit finds it; only by another endpoint can it be read, and the job goes its way."""
    page = Page(PAGE, marketplace.settings(), tmp_path)
    async with AsyncExitStack() as stack:
        liar, other = await several(stack, marketplace, 2)
        await restarted(marketplace, liar)
        page.set(**marketplace.given)
        await marketplace.signing_reactor()
        await proof.all_is_settled(marketplace)
        await a_job_is_hidden(marketplace, liar)
        assert "DIFFERS" in await page.run("lamda audit", code=1)
        assert "nothing differed" in await page.run("lamda verify --chain bsc")
        await restarted(marketplace, other)
        page.set(**marketplace.given)
        assert f"✓ {host(other)}: chain 56" in await page.run("lamda doctor")
        assert MISSING.search(await page.run("lamda verify --chain bsc", code=1))

        other.meddle = endpoints.hangs_below(await marketplace.world.bsc.head())
        assert "was taken back: nothing was changed" in await page.watch(
            "lamda reindex --chain bsc --from-block 51200000", "waits: ", FROM, code=130
        )
        reading = asyncio.create_task(page.run("lamda reindex --chain bsc --from-block 51200000", FROM))
        assert " reindex " in await page.watch("lamda status --watch", until="waits:")
        await branches.comes_to_the_head(marketplace)
        other.meddle = honest
        said = await reading
        assert "this differed, and was mended:" in said
        assert MISSING.search(said)
        assert "DIFFERS" not in await page.run("lamda audit")
        await proof.comes_to_rest(marketplace)

    assert page.left == []


async def a_job_is_hidden(marketplace: Marketplace, liar: Meddler) -> None:
    """Have a job created in a block whose logs an endpoint leaves out."""
    bsc = marketplace.world.bsc
    marketplace.still.add(bsc)
    liar.meddle = endpoints.hides(await bsc.head() + 1)
    await marketplace.open_jobs()
    await bsc.mine(branches.FINALITY)
    marketplace.still.clear()
    await branches.comes_to_the_head(marketplace)
