"""What somebody sees who only looks: a job's whole life, a restart of the API, and a reorg, all without a reload."""

import asyncio

import pytest
from playwright.async_api import expect

from models.values import show_bytes
from tests.browser.site import Site
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.long

STORY = (
    "Job created and paid for",
    "Renter said what to run",
    "Sent to the provider's agent",
    "Agent delivered a result",
    "Renter confirmed the result",
    "Provider took the payment",
    "Provider's reputation raised",
)


async def test_a_whole_life_appears_without_a_reload(site: Site, visitor: Visitor) -> None:
    """From its creation to its credit: in the feed, and on the job's own page; nothing is complained of."""
    await visitor.go()
    await visitor.sees("Jobs on the move", "At the head")

    job_id = await site.open_job()
    await visitor.sees_row(job_id, "RTX 4090")
    await visitor.sees_row(job_id, "Confirmed")
    await visitor.page.locator(f"[data-job='{job_id}'] a").click()
    await site.claim(job_id)

    await visitor.sees(*STORY, "All done: the job was run, paid for and credited.")
    assert (visitor.loads, visitor.complaints) == (1, [])


async def test_a_young_world_has_more_than_one_bar_to_show(site: Site, visitor: Visitor) -> None:
    """Charts open on what holds its history; who chooses another range has it on the next visit."""
    await site.open_job()
    await visitor.go()
    await expect(visitor.page.get_by_role("radio", name="1 hour")).to_be_checked()

    await visitor.page.get_by_text("26 weeks", exact=True).click()
    await visitor.page.reload()

    await expect(visitor.page.get_by_role("radio", name="26 weeks")).to_be_checked()


async def test_nobody_else_is_asked(site: Site, visitor: Visitor) -> None:
    """Every view is made of what the API serves."""
    for path in ("/", "/jobs", "/providers", "/account", "/admin", "/search?q=0x12", "/nowhere"):
        await visitor.go(path)
    assert visitor.asked == {site.url.removeprefix("http://")}


async def test_the_api_may_restart(site: Site, visitor: Visitor) -> None:
    """The page says that the connection is lost, then that it is back; what happened meanwhile is there."""
    await visitor.go()
    await visitor.sees("At the head")

    await site.stop()
    await visitor.sees("Connection lost at")
    job_id = await site.open_job()
    await site.start()

    await visitor.sees("Live again after")
    await visitor.sees_row(job_id, "RTX 4090")
    assert visitor.loads == 1


async def test_a_machine_may_sleep(site: Site, visitor: Visitor) -> None:
    """A connection that died unseen is noticed when the machine wakes up, and made anew."""
    await visitor.page.clock.install()
    await visitor.go()
    await visitor.page.clock.run_for(2_000)
    await visitor.sees("At the head")

    async with visitor.page.expect_event("websocket") as again:
        await visitor.page.clock.fast_forward("10:00")
        await visitor.page.clock.run_for(5_000)

    assert (await again.value).url.endswith("/graphql")
    assert (site.url in visitor.page.url, visitor.loads) == (True, 1)


async def test_a_reorg_takes_a_job_back(site: Site, visitor: Visitor) -> None:
    """It is marked in the feed, and its own page says what happened."""
    marketplace, bsc = site.marketplace, site.marketplace.world.bsc
    marketplace.still.add(bsc)
    # A block that is being made holds what comes next.
    async with marketplace.sending:
        await visitor.go()
        await visitor.sees("At the head")
        job_id = b"taken back".rjust(32, b"\x01")
        await marketplace.world.create_job(job_id, provider=marketplace.market.provider(5))
        await bsc.mine()
    await visitor.sees_row(show_bytes(job_id), "Created")
    async with visitor.page.context.expect_page() as opened:
        await visitor.page.evaluate(f"open('/jobs/{show_bytes(job_id)}')")
    story = await opened.value
    await expect(story.get_by_text("Job created and paid for")).to_be_visible()

    await bsc.reorg(1)
    marketplace.still.discard(bsc)

    await visitor.sees_row(show_bytes(job_id), "Taken back by a reorg")
    await expect(story.get_by_text("Taken back by a reorganisation")).to_be_visible()
    assert visitor.complaints == []


async def test_a_chain_that_stands_still_is_told(site: Site, visitor: Visitor) -> None:
    """Readiness is progress: the page says which chain is not up to date, and why."""
    marketplace = site.marketplace
    assert marketplace.indexer is not None
    await marketplace.indexer.kill()
    await visitor.go()
    try:
        async with asyncio.timeout(60):
            await visitor.sees("Not up to date.")
    finally:
        await marketplace.start_indexer()

    await expect(visitor.page.get_by_text("Not up to date.")).to_have_count(0)
