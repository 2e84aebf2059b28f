"""The dashboard as it is served: one page at many addresses, told to load nothing else; scripts are kept."""

import re

import pytest

from graphql_api.dashboard import VIEWS
from tests.integration.graphql_api.client import Client

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize("view", ["/", *VIEWS])
async def test_every_view_is_the_page(api: Client, view: str) -> None:
    """Whoever was sent an address opens it; the page is asked for each time, and nobody may frame it."""
    path = view.format(job_id="0x12", address="0x34")
    async with api.session.get(api.url + path, headers=BROWSER) as answer:
        text = await answer.text()

    assert '<div id="app">' in text
    assert answer.headers["cache-control"] == "no-cache"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_a_wrong_address_is_told_by_the_page_and_to_programs_in_json(api: Client) -> None:
    """It is a 404 for both."""
    async with api.session.get(f"{api.url}/nowhere", headers=BROWSER) as answer:
        shown = answer.status, '<div id="app">' in await answer.text()
    async with api.session.get(f"{api.url}/nowhere") as answer:
        told = answer.status, await answer.json()
    async with api.session.get(f"{api.url}/api/v1/nowhere", headers=BROWSER) as answer:
        rest = answer.status, answer.content_type

    assert shown == (404, True)
    assert told == (404, {"error": "GET /nowhere: there is nothing here", "success": False})
    assert rest == (404, "application/json")


async def test_scripts_are_compressed_and_kept(api: Client) -> None:
    """They are never asked for again: another content has another name."""
    async with api.session.get(api.url, headers=BROWSER) as answer:
        (script,) = re.findall(r'src="([^"]+)"', await answer.text())
    async with api.session.get(api.url + script) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert "immutable" in answer.headers["cache-control"]
