"""
Take the pictures of the dashboard that the README shows: python -m tests.browser.album

The programs are the real ones, on chains with a month behind them (`past`). While the pictures are taken renters create
jobs and agents run them; some of it does not go well, for that is what the page has to explain.
"""

import asyncio
import base64
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from playwright.async_api import expect

from models.values import checksum_address, parse_bytes32, show_bytes
from runtime.embedded_postgres import EmbeddedPostgres
from tests.browser.past import DAY_SECONDS, DAYS, OFFLINE_AFTER_SECONDS, WEI_MAX, WEI_MIN, Past, hosts, mine_at
from tests.browser.site import ADMIN, Site, serving
from tests.browser.visitor import DESK, PHONE, ROOT, Visitor, browsing, visiting
from tests.effects.agents import WellBehaved
from tests.effects.conftest import open_marketplace
from tests.effects.marketplace import PROVIDERS, RENTER, Job, Marketplace, until
from tests.effects.programs import nursing
from tests.integration.dispatch.agency import Agent

ALBUM = ROOT / "docs" / "images"
BLOCK_SECONDS = 1.0
LIVELY_SECONDS = 45.0
CATCH_UP_SECONDS = 180.0
JOB_SECONDS = 1.8
RUN_SECONDS = 5.0
UNHURRIED, TOKEN = 8, "token of one who takes its time"
GONE = -1  # The last of the providers left days ago.
UNSTEADY = 5  # The one whose uptime tells a story.
STUCK = bytes.fromhex("7c41e09b2d5f" * 5 + "a3f6")
CREDITED = """select job_id from jobs join credits using (job_id)
    where escrow = 'CONFIRMED' and exists (select from credit_attempts made where made.job_id = jobs.job_id)"""
DONE = """select job_id from jobs join dispatches using (job_id)
    where escrow = 'CLAIMED' order by jobs.created_at limit 1"""


# A browser that takes PNGs only can write what takes a third of the room.
AS_WEBP = """async (png) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    const webp = await canvas.convertToBlob({ type: "image/webp", quality: 0.92 });
    const bytes = new Uint8Array(await webp.arrayBuffer());
    return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
}"""


class Unhurried(WellBehaved):
    """An agent that takes its time, and whose jobs fail now and then."""

    async def _deal_with(self, job: dict[str, Any], agent: Agent) -> None:
        job_id = parse_bytes32(job["jobId"])
        await agent.report(job_id, job["token"], "processing")
        await asyncio.sleep(RUN_SECONDS)
        if job_id[-1] % 4 == 0:
            await agent.report(job_id, job["token"], "failed", message="CUDA out of memory: tried to allocate 20 GiB")
        else:
            await agent.report(job_id, job["token"], "completed")


async def take_all() -> None:
    """Make the world, let it live for a while, and take every picture."""
    os.environ["PROVIDER_OFFLINE_AFTER_SECONDS"] = str(OFFLINE_AFTER_SECONDS)
    ALBUM.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="lamda-album-") as folder:
        postgres = EmbeddedPostgres(Path(folder) / "postgres")
        await postgres.start()
        try:
            async with nursing() as nursery:
                begins_at = int(time.time()) - (DAYS + 1) * DAY_SECONDS
                async with open_marketplace(postgres, nursery, Path(folder), begins_at=begins_at) as marketplace:
                    await _live(marketplace)
        finally:
            await postgres.stop()


async def _live(marketplace: Marketplace) -> None:
    """Have the past happen, then the present, in which pictures are taken."""
    world = marketplace.world
    marketplace.still |= {world.bsc, world.opbnb}
    async with marketplace.sending:
        await Past(world).happen()
    blocks = asyncio.create_task(_make_blocks(marketplace))
    try:
        await until(lambda: _has_caught_up(marketplace), within=CATCH_UP_SECONDS, what="the past is indexed")
        async with serving(marketplace) as site:
            await _open_stuck_job(marketplace)
            async with asyncio.TaskGroup() as group:
                people = [
                    group.create_task(each) for each in (_rent(marketplace), _claim(marketplace), _run(marketplace))
                ]
                await asyncio.sleep(LIVELY_SECONDS)
                await _take_pictures(site)
                for each in people:
                    each.cancel()
    finally:
        blocks.cancel()
        with suppress(asyncio.CancelledError):
            await blocks


async def _rent(marketplace: Marketplace) -> None:
    """Open a job every other second, for agents that hurry and for one that does not."""
    dice = Random(3)
    while True:
        job_id, number = dice.randbytes(32), dice.choice((*PROVIDERS, UNHURRIED))
        marketplace.jobs[job_id] = Job(provider=number)
        async with marketplace.sending:
            await marketplace.world.create_job(
                job_id, renter=RENTER, provider=marketplace.market.provider(number), wei=dice.randint(WEI_MIN, WEI_MAX)
            )
        await marketplace.market.hand_in(job_id, renter=RENTER)
        await asyncio.sleep(JOB_SECONDS)


async def _claim(marketplace: Marketplace) -> None:
    """Take each payment when its provider has been credited."""
    claimed: set[bytes] = set()
    while True:
        for (job_id,) in await marketplace.market.ask(CREDITED):
            if job_id not in claimed and job_id in marketplace.jobs:
                claimed.add(job_id)
                async with marketplace.sending:
                    await marketplace.world.claim(job_id, provider=marketplace.jobs[job_id].provider)
        await asyncio.sleep(BLOCK_SECONDS)


async def _run(marketplace: Marketplace) -> None:
    await marketplace.market.credential(UNHURRIED, TOKEN, seconds=3600)
    await Unhurried(marketplace.market.provider(UNHURRIED), TOKEN, marketplace.nats).serve()


async def _make_blocks(marketplace: Marketplace) -> None:
    while True:
        async with marketplace.sending:
            for chain in (marketplace.world.bsc, marketplace.world.opbnb):
                await mine_at(chain, int(time.time()))
        await asyncio.sleep(BLOCK_SECONDS)


async def _has_caught_up(marketplace: Marketplace) -> bool:
    ((count,),) = await marketplace.market.ask(
        "select count(*) from checkpoints where block_time > now() - interval '1 minute'"
    )
    return bool(count == 2)


async def _open_stuck_job(marketplace: Marketplace) -> None:
    gone = hosts(marketplace.world)[GONE].address
    async with marketplace.sending:
        await marketplace.world.create_job(STUCK, renter=RENTER, provider=gone, wei=31 * 10**15)
    await marketplace.market.hand_in(STUCK, renter=RENTER)


async def _take_pictures(site: Site) -> None:
    provider = checksum_address(hosts(site.marketplace.world)[UNSTEADY].address)
    ((done,),) = await site.marketplace.market.ask(DONE)
    pictures = (
        ("overview-dark", "/", "dark", {"width": 1360, "height": 1400}),
        ("overview-light", "/", "light", {"width": 1360, "height": 1400}),
        ("overview-phone", "/", "dark", PHONE),
        ("job", f"/jobs/{show_bytes(done)}", "light", {"width": 1360, "height": 1000}),
        ("job-stuck", f"/jobs/{show_bytes(STUCK)}", "dark", DESK),
        ("job-phone", f"/jobs/{show_bytes(done)}", "light", PHONE),
        ("provider", f"/providers/{provider}", "light", DESK),
        ("providers", "/providers", "dark", DESK),
    )
    async with browsing() as browser:
        for name, path, scheme, size in pictures:
            async with visiting(browser, site.url, scheme=scheme, size=size) as visitor:
                await visitor.go(path)
                await _take(visitor, name)
        async with visiting(browser, site.url, scheme="light") as visitor:
            await visitor.sign_in(ADMIN)
            await visitor.go("/admin")
            await _take(visitor, "operate")


async def _take(visitor: Visitor, name: str) -> None:
    await expect(visitor.page.locator(".loading")).to_have_count(0)
    await visitor.page.evaluate("document.fonts.ready")
    picture = await visitor.page.screenshot()
    blank = await visitor.page.context.new_page()
    smaller = await blank.evaluate(AS_WEBP, base64.b64encode(picture).decode())
    (ALBUM / f"{name}.webp").write_bytes(base64.b64decode(smaller))


if __name__ == "__main__":
    asyncio.run(take_all())
    sys.stdout.write(f"pictures are in {ALBUM}\n")
