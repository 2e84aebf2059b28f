"""The rules of Relay: which rows are asked for, and what lies around them."""

import pytest

from graphql_api import cursors
from graphql_api.errors import BadInput
from graphql_api.orders import job_order
from graphql_api.pages import SIZE_DEFAULT, SIZE_MAX, Page, Slice, cut, read_page

ORDER = job_order()
CURSOR = cursors.show(ORDER, (7, 3))


def test_nothing_asked_is_a_first_page_of_fifty() -> None:
    """The default is a size that always answers fast."""
    assert read_page(ORDER) == Page(order=ORDER, size=SIZE_DEFAULT)


def test_first_and_after_count_forwards() -> None:
    """From behind the cursor's place."""
    assert read_page(ORDER, first=10, after=CURSOR) == Page(order=ORDER, size=10, after=(7, 3))


def test_last_and_before_count_backwards() -> None:
    """From before the cursor's place."""
    assert read_page(ORDER, last=10, before=CURSOR) == Page(order=ORDER, size=10, backwards=True, before=(7, 3))


def test_before_alone_bounds_a_first_page() -> None:
    """Only `last` turns the count around."""
    assert read_page(ORDER, before=CURSOR) == Page(order=ORDER, before=(7, 3))


@pytest.mark.parametrize("size", [0, 1, SIZE_MAX])
def test_sizes_that_are_served(size: int) -> None:
    """Both ends included."""
    assert read_page(ORDER, first=size).size == read_page(ORDER, last=size).size == size


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"first": 501}, "first must be at most 500, not 501"),
        ({"last": 2**31 - 1}, "last must be at most 500, not 2147483647"),
        ({"first": -1}, "first must be 0 or more, not -1"),
        ({"first": 1, "last": 1}, "first and last exclude each other"),
    ],
)
def test_sizes_that_are_refused(arguments: dict[str, int], message: str) -> None:
    """By name, with the value and the limit."""
    with pytest.raises(BadInput, match=message):
        read_page(ORDER, **arguments)  # type: ignore[arg-type]  # Sizes only.


@pytest.mark.parametrize(
    ("page", "fetched", "expected"),
    [
        (Page(order=ORDER, size=2), "ab", Slice(rows=("a", "b"), has_next=False, has_previous=False)),
        (Page(order=ORDER, size=2), "abc", Slice(rows=("a", "b"), has_next=True, has_previous=False)),
        (Page(order=ORDER, size=2, after=(1, 1)), "a", Slice(rows=("a",), has_next=False, has_previous=True)),
        (Page(order=ORDER, size=2, backwards=True), "cba", Slice(rows=("b", "c"), has_next=False, has_previous=True)),
        (
            Page(order=ORDER, size=2, backwards=True, before=(1, 1)),
            "b",
            Slice(rows=("b",), has_next=True, has_previous=False),
        ),
        (Page(order=ORDER, size=0), "a", Slice(rows=(), has_next=True, has_previous=False)),
    ],
)
def test_one_row_too_many_says_that_there_is_more(page: Page, fetched: str, expected: Slice[str]) -> None:
    """And a page fetched backwards is turned around."""
    assert cut(page, fetched) == expected
