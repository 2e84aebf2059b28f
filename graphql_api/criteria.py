"""
What a filter asks of a row, as a list of conditions that all must hold.

The same conditions have two readings: SQL over a state table (`page_queries`) and this module's `holds` over the
columns that a change of the feed carries. So a subscription and a query with one filter mean the same rows.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from models.feed import Entity


class Relation(StrEnum):
    """How a column is compared; each is also its SQL."""

    IS = "="
    ANY_OF = "= any"
    AT_LEAST = ">="
    AT_MOST = "<="
    AFTER = ">"
    BEFORE = "<"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One column compared with one value; the value of `ANY_OF` is a tuple."""

    column: str
    relation: Relation
    value: Any


Criteria = tuple[Condition, ...]
EVERYTHING: Criteria = ()


def holds(criteria: Criteria, row: Mapping[str, Any] | None) -> bool:
    """Say whether a row is there and meets all conditions; as in SQL, null meets none."""
    return row is not None and all(_meets(row[condition.column], condition) for condition in criteria)


def read_watched(entity: Entity, key: str, watched: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the columns a change carries as JSON as the values that conditions compare with."""
    if watched is None:
        return None
    if entity is Entity.JOB:
        created_at = datetime.fromisoformat(watched["created_at"])
        return {**watched, "payment": int(watched["payment"]), "created_at": created_at}
    return {**watched, "wallet_address": key}


def _meets(value: Any, condition: Condition) -> bool:
    return value is not None and _COMPARE[condition.relation](value, condition.value)


def _is_any_of(value: Any, candidates: tuple[Any, ...]) -> bool:
    return value in candidates


_COMPARE: Mapping[Relation, Callable[[Any, Any], bool]] = {
    Relation.IS: operator.eq,
    Relation.ANY_OF: _is_any_of,
    Relation.AT_LEAST: operator.ge,
    Relation.AT_MOST: operator.le,
    Relation.AFTER: operator.gt,
    Relation.BEFORE: operator.lt,
}
