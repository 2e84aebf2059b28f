"""A marketplace with its site for the tests of a file, a browser for all, and a visitor for each."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from runtime.embedded_postgres import EmbeddedPostgres
from tests.browser.site import Site, serving
from tests.browser.visitor import Visitor, browsing, visiting
from tests.effects.conftest import nursery, open_marketplace
from tests.effects.programs import Nursery

__all__ = ["nursery"]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    async with browsing() as opened:
        yield opened


@pytest.fixture(scope="module")
async def site(
    postgres: EmbeddedPostgres, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """The page before a marketplace in full swing."""
    folder = tmp_path_factory.mktemp("site")
    async with open_marketplace(postgres, nursery, folder) as marketplace, serving(marketplace) as served:
        yield served


@pytest.fixture
async def visitor(browser: Browser, site: Site) -> AsyncIterator[Visitor]:
    """Somebody in front of the page."""
    async with visiting(browser, site.url) as came:
        yield came
