"""
Which part of a list is asked for, by the rules of Relay, and what is known about what lies around it.

`first` counts from the beginning (or from behind `after`), `last` from the end (or from before `before`). One row
more than asked is fetched: that it is there says that there is more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from graphql_api import cursors
from graphql_api.cursors import Place
from graphql_api.errors import BadInput
from graphql_api.orders import Order

Row = TypeVar("Row")

SIZE_DEFAULT = 50
SIZE_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Up to `size` rows between two places, counted from the end when `backwards`."""

    order: Order
    size: int = SIZE_DEFAULT
    backwards: bool = False
    after: Place | None = None
    before: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(Generic[Row]):
    """The rows of a page in the list's order, and whether there are more on either side."""

    rows: tuple[Row, ...]
    has_next: bool
    has_previous: bool


def read_page(
    order: Order,
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Page:
    """Return the page that a connection's arguments ask for. Raises `BadInput`."""
    if first is not None and last is not None:
        raise BadInput("first and last exclude each other: give the one that says from which end to count")
    return Page(
        order=order,
        size=read_size(first, "first") if last is None else read_size(last, "last"),
        backwards=last is not None,
        after=None if after is None else cursors.read(after, order, argument="after"),
        before=None if before is None else cursors.read(before, order, argument="before"),
    )


def cut(page: Page, fetched: Sequence[Row]) -> Slice[Row]:
    """
    Return the slice of a page from its rows and one more, fetched in the direction of the count.

    On the side we came from, a cursor says that there is something: the row it was taken from.
    """
    has_more = len(fetched) > page.size
    rows = tuple(fetched[: page.size])
    if page.backwards:
        return Slice(rows=rows[::-1], has_next=page.before is not None, has_previous=has_more)
    return Slice(rows=rows, has_next=has_more, has_previous=page.after is not None)


def read_size(value: int | None, argument: str, *, most: int = SIZE_MAX) -> int:
    """Return how many rows are asked for, `most` at most. Raises `BadInput`."""
    if value is None:
        return SIZE_DEFAULT
    if value < 0:
        raise BadInput(f"{argument} must be 0 or more, not {value}")
    if value > most:
        raise BadInput(f"{argument} must be at most {most}, not {value}")
    return value
