"""
Lists by the rules of Relay: edges with cursors, the same rows without, and what lies around them.

A list reads its rows when a field of it asks for them, and counts only when asked to count.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

import strawberry

from graphql_api import cursors
from graphql_api.orders import Order
from graphql_api.page_queries import COUNT_MAX
from graphql_api.pages import Page, Slice

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[Item]):
    """Where a list's rows and their number come from, and what makes an item of a row."""

    page: Page
    rows: Callable[[], Awaitable[Slice[Any]]]
    count: Callable[[], Awaitable[int]]
    item: Callable[[Any], Item]


@strawberry.type
class PageInfo:
    """What lies around a page. A page without rows has no cursors."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[Item]):
    """One row at its place in the list."""

    node: Item
    cursor: str


@strawberry.type
class Connection(Generic[Item]):
    """One page of a list."""

    listing: strawberry.Private[Listing[Item]]

    @strawberry.field
    async def edges(self) -> list[Edge[Item]]:
        """The rows, each with its cursor."""
        listing = self.listing
        rows = (await listing.rows()).rows
        return [Edge(node=listing.item(row), cursor=_cursor(listing.page.order, row)) for row in rows]

    @strawberry.field
    async def nodes(self) -> list[Item]:
        """The rows."""
        return [self.listing.item(row) for row in (await self.listing.rows()).rows]

    @strawberry.field
    async def page_info(self) -> PageInfo:
        """What lies around the page."""
        order, found = self.listing.page.order, await self.listing.rows()
        return PageInfo(
            has_next_page=found.has_next,
            has_previous_page=found.has_previous,
            start_cursor=_cursor(order, found.rows[0]) if found.rows else None,
            end_cursor=_cursor(order, found.rows[-1]) if found.rows else None,
        )

    @strawberry.field
    async def total_count(self) -> int | None:
        """The length of the whole list: counted only when asked for, exact up to 10,000 and null beyond."""
        count = await self.listing.count()
        return count if count <= COUNT_MAX else None


def _cursor(order: Order, row: object) -> str:
    return cursors.show(order, attrgetter(*(key.column for key in order.keys))(row))
