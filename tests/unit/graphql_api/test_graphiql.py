"""GraphiQL's page where its scripts are missing."""

from pathlib import Path

from graphql_api.graphiql import assets, graphiql_page


def test_a_page_without_its_scripts_says_what_to_run(tmp_path: Path) -> None:
    """A blank page would help nobody."""
    page = graphiql_page(tmp_path)

    assert page.status_code == 503
    assert b"make assets" in bytes(page.body)
    assert b"graphiql.min.js" in bytes(page.body)


def test_a_page_with_its_scripts_is_served(tmp_path: Path) -> None:
    """They are all it needs."""
    for name in assets():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert graphiql_page(tmp_path).status_code == 200
