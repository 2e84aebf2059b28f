"""Who shares what is told of a change."""

from typing import Any

import pytest
from graphql import parse

from graphql_api.selections import Selection, selection_of

CHANGES = """subscription ($filter: JobFilter, $after: String, $jobs: JobFilter, $first: Int, $more: Boolean!) {
    jobChanges(filter: $filter, after: $after) {
        kind job { provider @include(if: $more) { jobs(filter: $jobs, first: $first) { nodes { ...part } } } } } }
fragment part on Job { timeline(first: $first) { kind } }"""

ASKED = {"filter": {"status": "FAILED"}, "after": "a", "jobs": {"escrow": "HELD"}, "first": 1, "more": True}


def selection(query: str = CHANGES, name: str | None = None, **variables: Any) -> Selection:
    """Return a selection."""
    return selection_of(parse(query), query, name, {**ASKED, **variables})


@pytest.mark.parametrize("other", [{"filter": None}, {"filter": {"status": "CREATED"}}, {"after": "b"}, {"unused": 1}])
def test_what_says_which_changes_is_no_part_of_it(other: dict[str, Any]) -> None:
    """Filters and cursors differ, and what is told of a change is the same."""
    assert selection() == selection(**other)
    assert hash(selection()) == hash(selection(**other))


@pytest.mark.parametrize("other", [{"jobs": None}, {"first": 2}, {"more": False}])
def test_what_says_what_of_a_change_is_a_part_of_it(other: dict[str, Any]) -> None:
    """In nested arguments, in directives and in fragments."""
    assert selection() != selection(**other)


def test_another_document_is_another_selection() -> None:
    """Nobody compares what two documents mean; and one document may hold two operations."""
    assert selection() != selection(CHANGES.replace("kind", "cursor", 1))
    assert selection() != selection(name="other")


def test_arguments_of_a_field_within_a_fragment_count() -> None:
    """Less is shared than could be, and never what must not."""
    query = """subscription ($filter: JobFilter) { ...all }
    fragment all on Subscription { jobChanges(filter: $filter) { kind } }"""

    assert selection(query) != selection(query, filter=None)
