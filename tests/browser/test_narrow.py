"""What somebody sees whose network lets no WebSocket through: all of it, without a reload."""

import pytest
from playwright.async_api import Browser, Request, expect

from tests.browser.narrow import Manner, narrow_way
from tests.browser.site import Site
from tests.browser.visitor import visiting

pytestmark = pytest.mark.long

SAID_SO = "This network lets no WebSocket through."
HIDEABLE = """
    let hidden = false;
    Object.defineProperty(document, "hidden", { get: () => hidden });
    window.hide = (now) => { hidden = now; document.dispatchEvent(new Event("visibilitychange")); };
"""


@pytest.mark.parametrize("manner", [Manner.REFUSES, Manner.SWALLOWS])
async def test_a_life_appears_where_no_websocket_does(browser: Browser, site: Site, manner: Manner) -> None:
    """Whether the network refuses it or says nothing at all; the page says that it does without."""
    async with narrow_way(site.port, manner) as (url, _), visiting(browser, url) as visitor:
        await visitor.go()
        await visitor.sees("At the head", SAID_SO)

        job_id = await site.open_job()
        await visitor.sees_row(job_id, "RTX 4090")
        await visitor.sees_row(job_id, "Confirmed")
        await visitor.page.locator(f"[data-job='{job_id}'] a").click()
        await site.claim(job_id)

        await visitor.sees("Provider took the payment", "All done: the job was run, paid for and credited.")
        assert visitor.loads == 1


async def test_the_api_may_restart_behind_a_narrow_network(browser: Browser, site: Site) -> None:
    """Here, too, the page says that the connection is lost and that it is back, and misses nothing."""
    async with narrow_way(site.port, Manner.REFUSES) as (url, _), visiting(browser, url) as visitor:
        await visitor.go()
        await visitor.sees("At the head", SAID_SO)

        await site.stop()
        await visitor.sees("Connection lost at")
        job_id = await site.open_job()
        await site.start()

        await visitor.sees("Live again after")
        await visitor.sees_row(job_id, "RTX 4090")
        await visitor.sees_row(await site.open_job(), "RTX 4090")


async def test_a_websocket_is_taken_once_there_is_one(browser: Browser, site: Site) -> None:
    """Somebody who leaves the narrow network has what everybody has, and no stream stays open."""
    async with narrow_way(site.port, Manner.REFUSES) as (url, narrow), visiting(browser, url) as visitor:
        await visitor.go()
        await visitor.sees("At the head", SAID_SO)

        narrow.manner = Manner.LETS_THROUGH
        async with visitor.page.expect_event("websocket", timeout=90_000):
            pass

        await expect(visitor.page.get_by_text(SAID_SO)).to_have_count(0)
        await visitor.sees_row(await site.open_job(), "RTX 4090")


async def test_a_hidden_tab_keeps_no_stream(browser: Browser, site: Site) -> None:
    """A browser has few connections to a host; who comes back to the tab sees what happened meanwhile."""
    async with narrow_way(site.port, Manner.REFUSES) as (url, _), visiting(browser, url) as visitor:
        await visitor.page.add_init_script(HIDEABLE)
        await visitor.go()
        await visitor.sees("At the head", SAID_SO)
        async with visitor.page.expect_event("requestfailed", predicate=_is_graphql):
            await visitor.page.evaluate("hide(true)")

        job_id = await site.open_job()
        await visitor.page.evaluate("hide(false)")

        await visitor.sees_row(job_id, "RTX 4090")


def _is_graphql(request: Request) -> bool:
    return request.url.endswith("/graphql")
