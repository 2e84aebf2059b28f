"""The dashboard's files: one page at many addresses, told to load nothing else, and scripts that a browser keeps."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from graphql_api.dashboard import VIEWS, dashboard_routes

BROWSER = {"Accept": "text/html,application/xhtml+xml", "Accept-Encoding": "gzip"}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A page with one script."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>page</title>")
    (tmp_path / "assets" / "index-abc.js").write_text("let all = 1;\n" * 100)
    return tmp_path


@pytest.fixture
def client(built: Path) -> TestClient:
    """Whoever asks for the page."""
    return TestClient(Starlette(routes=dashboard_routes(built)))


@pytest.mark.parametrize("view", ["/", *VIEWS])
def test_every_view_is_the_page(client: TestClient, view: str) -> None:
    """Whoever was sent an address opens it; the page is asked for each time, and nobody may frame it."""
    answer = client.get(view.format(job_id="0x12", address="0x34"), headers=BROWSER)

    assert "<title>page</title>" in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_programs_are_told_where_to_go(client: TestClient) -> None:
    """Who does not ask for HTML gets what the root always said."""
    assert client.get("/", headers={"Accept": "*/*"}).json()["graphql"] == "/graphql"


def test_scripts_are_small_and_kept(client: TestClient) -> None:
    """They are compressed, and never asked for again: another content has another name."""
    answer = client.get("/static/dashboard/assets/index-abc.js", headers=BROWSER)

    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]


def test_a_page_that_is_not_built_says_so(tmp_path: Path) -> None:
    """It says what to run, and that the API works."""
    answer = TestClient(Starlette(routes=dashboard_routes(tmp_path / "nothing"))).get("/jobs", headers=BROWSER)

    assert (answer.status_code, "make assets" in answer.text) == (503, True)
