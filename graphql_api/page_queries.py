"""
Compose the statements that lists share: conditions, places and order become SQL, values become parameters.

Only names that stand in our own code are composed into text; whatever a client sent travels as a parameter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from graphql_api.criteria import Criteria
from graphql_api.cursors import Place
from graphql_api.orders import Key, Order
from graphql_api.pages import Page

COUNT_MAX = 10_000
"""Rows are counted up to here; a client that needs more wants statistics."""


@dataclass(slots=True)
class Parameters:
    """The values of a statement, each under a name given on arrival."""

    values: dict[str, Any] = field(default_factory=dict)

    def add(self, value: Any) -> sql.Composable:
        """Keep a value and return where it goes."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return sql.Placeholder(name)


def columns(row: type) -> sql.Composed:
    """Return the columns of a row class, of the relation `it`."""
    names: tuple[str, ...] = row.__slots__  # type: ignore[attr-defined]  # Rows are dataclasses with slots.
    return sql.SQL(", ").join([sql.Identifier("it", name) for name in names])


def conditions(criteria: Criteria, parameters: Parameters) -> list[sql.Composable]:
    """Return a filter's conditions on the relation `it`."""
    return [
        sql.SQL("{} {} {}").format(
            sql.Identifier("it", condition.column),
            sql.SQL(condition.relation.value),
            _compared(condition.value, parameters),
        )
        for condition in criteria
    ]


def between(page: Page, parameters: Parameters) -> list[sql.Composable]:
    """Return the conditions that keep a page's rows between its two places."""
    order = page.order
    behind, ahead = ("<", ">") if order.descending else (">", "<")
    limits = [(page.after, behind), (page.before, ahead)]
    return [_beyond(order, place, comparison, parameters) for place, comparison in limits if place is not None]


def ordering(page: Page) -> sql.Composed:
    """Return the order to fetch a page in: backwards from the end it counts from."""
    direction = sql.SQL(" desc" if page.order.descending != page.backwards else " asc")
    return sql.SQL(", ").join(_expression(key) + direction for key in page.order.keys)


def all_of(parts: Sequence[sql.Composable]) -> sql.Composed:
    """Return the conjunction of conditions; of none, true."""
    return sql.SQL(" and ").join(parts or [sql.SQL("true")])


def _beyond(order: Order, place: Place, comparison: str, parameters: Parameters) -> sql.Composed:
    keys = sql.SQL(", ").join(_expression(key) for key in order.keys)
    values = sql.SQL(", ").join(_value(key, value, parameters) for key, value in zip(order.keys, place, strict=True))
    return sql.SQL("({}) {} ({})").format(keys, sql.SQL(comparison), values)


def _expression(key: Key) -> sql.Composable:
    column = sql.Identifier("it", key.column)
    return sql.SQL("coalesce({}, '-infinity')").format(column) if key.nullable else column


def _value(key: Key, value: Any, parameters: Parameters) -> sql.Composable:
    return sql.SQL("'-infinity'") if key.nullable and value is None else parameters.add(value)


def _compared(value: Any, parameters: Parameters) -> sql.Composable:
    if isinstance(value, tuple):
        return sql.SQL("({})").format(parameters.add(list(value)))
    return parameters.add(value)
