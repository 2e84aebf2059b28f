"""The page for everybody: no serious barrier in any view, by keyboard alone, on a phone, and soon there."""

import gzip
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from graphql_api.dashboard import BUILT
from models.values import show_bytes
from tests.browser.site import ADMIN, Site
from tests.browser.visitor import DESK, PHONE, Visitor, visiting

pytestmark = pytest.mark.long

FIRST_LOAD_BYTES_MAX = 250_000


@pytest.mark.parametrize(("scheme", "size"), [("light", DESK), ("dark", DESK), ("light", PHONE)])
async def test_axe_finds_no_serious_barrier(browser: Browser, site: Site, scheme: str, size: Any) -> None:
    """Contrast, names and roles, in every view, for visitors and for an admin."""
    job_id = await site.open_job()
    provider = show_bytes(site.marketplace.market.provider(5))
    async with visiting(browser, site.url, scheme=scheme, size=size) as visitor:
        barriers = []
        for path in ("/", "/jobs", f"/jobs/{job_id}", "/providers", f"/providers/{provider}", "/account"):
            await visitor.go(path)
            await expect(visitor.page.locator(".loading")).to_have_count(0)
            barriers += await visitor.barriers()
        await visitor.sign_in(ADMIN)
        for path in ("/account", "/admin"):
            await visitor.go(path)
            await expect(visitor.page.locator(".loading")).to_have_count(0)
            barriers += await visitor.barriers()

    assert barriers == []


async def test_nothing_is_wider_than_a_phone(browser: Browser, site: Site) -> None:
    """No view has to be scrolled sideways."""
    job_id = await site.open_job()
    async with visiting(browser, site.url, size=PHONE) as visitor:
        wider = []
        for path in ("/", "/jobs", f"/jobs/{job_id}", "/providers", "/account"):
            await visitor.go(path)
            await expect(visitor.page.locator(".loading")).to_have_count(0)
            if await visitor.page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:
                wider.append(path)

    assert wider == []


async def test_the_keyboard_is_enough(visitor: Visitor) -> None:
    """The first key leads past the header; every stop is visible; Enter goes where a click would."""
    await visitor.go()
    await visitor.sees("At the head")
    await visitor.page.keyboard.press("Tab")
    await expect(visitor.page.get_by_role("link", name="Skip to the content")).to_be_focused()

    await visitor.page.get_by_role("link", name="Providers", exact=True).focus()
    await visitor.page.keyboard.press("Enter")

    await expect(visitor.page.get_by_role("heading", name="Providers", level=1)).to_be_visible()
    assert visitor.loads == 1


async def test_the_first_load_is_small(site: Site, visitor: Visitor) -> None:
    """All files of the page together, as they are sent, are less than 250 KB."""
    sent = []
    visitor.page.on("requestfinished", lambda request: sent.append(request))
    await visitor.go()
    await visitor.sees("At the head")
    files = [request for request in sent if "/static/" in request.url or request.url == f"{site.url}/"]
    sizes = [await request.sizes() for request in files]

    assert sum(size["responseBodySize"] for size in sizes) < FIRST_LOAD_BYTES_MAX
    assert sum(len(gzip.compress(path.read_bytes())) for path in BUILT.rglob("*.*")) < FIRST_LOAD_BYTES_MAX


async def test_colours_can_be_chosen(visitor: Visitor) -> None:
    """What somebody chose stays, whatever their system has."""
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    await visitor.go()
    light = await visitor.page.evaluate(ground)
    await visitor.page.get_by_text("dark", exact=True).click()
    await visitor.page.reload()
    await expect(visitor.page.get_by_role("radio", name="dark")).to_be_checked()

    assert await visitor.page.evaluate(ground) != light
