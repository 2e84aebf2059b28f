"""
Compose the statements that lists share: conditions, places and order become SQL, values become parameters.

Only names that stand in our own code are composed into text; whatever a client sent travels as a parameter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from graphql_api.criteria import Condition, Criteria, Relation
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


# A time of creation says in which blocks a job was created, and these are what jobs are ordered by. It asks no more
# than the condition beside it does. Uses job_created_by_time.
_BLOCKS = {
    Relation.AFTER: sql.SQL(
        "it.source_block >= (select block_number from job_created where block_time > {}"
        " order by block_time, block_number limit 1)"
    ),
    Relation.BEFORE: sql.SQL(
        "it.source_block <= (select block_number from job_created where block_time < {}"
        " order by block_time desc, block_number desc limit 1)"
    ),
}


def conditions(criteria: Criteria, parameters: Parameters) -> list[sql.Composable]:
    """Return a filter's conditions on the relation `it`."""
    asked: list[sql.Composable] = []
    for condition in criteria:
        value = _compared(condition.value, parameters)
        column, relation = sql.Identifier("it", condition.column), sql.SQL(condition.relation.value)
        asked.append(sql.SQL("{} {} {}").format(column, relation, value))
        if condition.column == "created_at":
            asked.append(_BLOCKS[condition.relation].format(value))
    return asked


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    The part of an index that begins with one value: where `column` holds `value`.

    Asked for what is equal, the planner may think that such rows are common enough to be met in passing, or too few to
    be worth their order; and walk past, or read and sort, a hundred thousand. Asked for a stretch, it begins at an end.
    """

    column: sql.Composable
    value: sql.Composable


STRETCHES = {"CREATED": ("renter", "provider", "status", "escrow"), "REPUTATION": ("gpu_model",)}
"""Of each order, the columns that an index has before its keys: jobs_by_renter, …, providers_by_gpu_model."""


def leading(criteria: Criteria, order: Order) -> Condition | None:
    """Return the condition that a page's stretch begins with, whose value is its first parameter, if one does."""
    return next(
        (
            condition
            for column in STRETCHES.get(order.name, ())
            for condition in criteria
            if condition.column == column and condition.relation is Relation.IS
        ),
        None,
    )


def select_page(criteria: Criteria, page: Page, parameters: Parameters) -> tuple[sql.Composed, sql.Composed]:
    """Return the condition that holds for a page's rows, and the order to fetch them in."""
    stretch, first = None, leading(criteria, page.order)
    if first is not None:
        criteria = tuple(each for each in criteria if each is not first)
        # A value that the planner does not see: one plan will do for all, and is not made anew for each.
        value = sql.SQL("(select {})").format(parameters.add(first.value))
        stretch = Stretch(sql.Identifier("it", first.column), value)
    where = all_of([*conditions(criteria, parameters), *between(page, parameters, stretch)])
    return where, ordering(page, stretch)


def between(page: Page, parameters: Parameters, stretch: Stretch | None = None) -> list[sql.Composable]:
    """Return the conditions that keep a page's rows between its two places, or between the ends of a stretch."""
    order = page.order
    behind, ahead = ("<", ">") if order.descending else (">", "<")
    return [
        limit
        for place, comparison in ((page.after, behind), (page.before, ahead))
        for limit in _beyond(order, place, comparison, parameters, stretch)
    ]


def ordering(page: Page, stretch: Stretch | None = None) -> sql.Composed:
    """Return the order to fetch a page in: backwards from the end it counts from."""
    direction = sql.SQL(" desc" if page.order.descending != page.backwards else " asc")
    first = [] if stretch is None else [stretch.column]
    return sql.SQL(", ").join(part + direction for part in [*first, *map(_expression, page.order.keys)])


def all_of(parts: Sequence[sql.Composable]) -> sql.Composed:
    """Return the conjunction of conditions; of none, true."""
    return sql.SQL(" and ").join(parts or [sql.SQL("true")])


def _beyond(
    order: Order, place: Place | None, comparison: str, parameters: Parameters, stretch: Stretch | None
) -> list[sql.Composable]:
    if place is None:
        return [] if stretch is None else [_up_to(stretch, comparison)]
    columns = [*([] if stretch is None else [stretch.column]), *map(_expression, order.keys)]
    values = [_value(key, value, parameters) for key, value in zip(order.keys, place, strict=True)]
    return [
        sql.SQL("({}) {} ({})").format(
            sql.SQL(", ").join(columns),
            sql.SQL(comparison),
            sql.SQL(", ").join([*([] if stretch is None else [stretch.value]), *values]),
        )
    ]


def _up_to(stretch: Stretch, comparison: str) -> sql.Composable:
    """Return the condition of one end. Said twice, for rows between two plain bounds are guessed to be too few."""
    end = sql.SQL(f"({{0}}, {{0}}) {comparison}= ({{1}}, {{1}})")
    return end.format(stretch.column, stretch.value)


def _expression(key: Key) -> sql.Composable:
    column = sql.Identifier("it", key.column)
    return sql.SQL("coalesce({}, '-infinity')").format(column) if key.nullable else column


def _value(key: Key, value: Any, parameters: Parameters) -> sql.Composable:
    return sql.SQL("'-infinity'") if key.nullable and value is None else parameters.add(value)


def _compared(value: Any, parameters: Parameters) -> sql.Composable:
    if isinstance(value, tuple):
        return sql.SQL("({})").format(parameters.add(list(value)))
    return parameters.add(value)
