"""GraphiQL's page: everything it asks for is served, and by nobody else."""

import re
from urllib.parse import urljoin, urlsplit

from tests.integration.graphql_api.client import Client

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def _page(api: Client) -> str:
    async with api.session.get(f"{api.url}/graphql", headers=BROWSER) as response:
        assert (response.status, response.content_type) == (200, "text/html"), "has `make assets` been run?"
        return await response.text()


async def test_a_browser_gets_graphiql_and_programs_do_not(api: Client) -> None:
    """The same address, told apart by what is accepted."""
    assert "GraphiQL" in await _page(api)

    async with api.session.get(f"{api.url}/graphql", headers={"Accept": "application/json"}) as response:
        assert response.status == 400
        [error] = (await response.json())["errors"]
        assert error["message"] == 'no "query": expected a GraphQL document'


async def test_everything_the_page_asks_for_is_served(api: Client) -> None:
    """Its scripts and styles, what the styles ask for, and what the modules import, down to the last file."""
    todo, done = _references(await _page(api), f"{api.url}/graphql"), set()
    while todo:
        address = todo.pop()
        done.add(address)
        async with api.session.get(address) as response:
            assert response.status == 200, address
            kind, text = response.content_type, await response.text()
        if kind == "text/css":
            todo |= _named_in_style(text, address) - done
        if kind.endswith("/javascript"):
            todo |= _imported(text, address) - done

    assert len(done) >= 16


async def test_nothing_on_the_page_points_to_another_host(api: Client) -> None:
    """Neither in its references, which the browser is also told to refuse, nor in any address it spells out."""
    page = await _page(api)
    async with api.session.get(f"{api.url}/graphql", headers=BROWSER) as response:
        policy = response.headers["Content-Security-Policy"]

    hosts = {urlsplit(address).netloc for address in _references(page, f"{api.url}/graphql")}
    assert {urlsplit(api.url).netloc} == hosts
    assert "://" not in page
    assert "default-src 'self'" in policy
    assert "http" not in policy


def _references(page: str, base: str) -> set[str]:
    found = re.findall(r"""(?:src|href)="([^"]+)"|from "([^"]+)\"""", page)
    return {urljoin(base, first or second) for first, second in found if not first.startswith("data:")}


def _named_in_style(style: str, base: str) -> set[str]:
    found = re.findall(r"""url\(\s*["']?([^"')]+)["']?\s*\)""", style)
    return {urljoin(base, reference) for reference in found if not reference.startswith(("data:", "#"))}


def _imported(script: str, base: str) -> set[str]:
    return {urljoin(base, name) for name in re.findall(r"""(?:from\s*|fetch\()['"]([./][^'"]+)['"]""", script)}
