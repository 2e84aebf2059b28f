"""The dashboard's page: that it says how to build it, and is built where the tests run."""

from pathlib import Path

from graphql_api.dashboard import dashboard_page


def test_a_page_that_is_not_built_says_so(tmp_path: Path) -> None:
    """It says what to run, and that the API works."""
    page = dashboard_page(tmp_path)

    assert page.status_code == 503
    assert b"make assets" in bytes(page.body)


def test_it_is_built_here() -> None:
    """`make test` builds it first."""
    assert dashboard_page().status_code == 200
