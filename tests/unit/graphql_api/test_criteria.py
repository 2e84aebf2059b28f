"""Conditions over the columns that a change carries."""

from datetime import UTC, datetime
from typing import Any

import pytest

from graphql_api.criteria import EVERYTHING, Condition, Relation, holds, read_watched
from models.feed import Entity

ROW: dict[str, Any] = {"status": "CREATED", "payment": 5, "provider": None}


@pytest.mark.parametrize(
    ("column", "relation", "value", "expected"),
    [
        ("status", Relation.IS, "CREATED", True),
        ("status", Relation.IS, "FAILED", False),
        ("status", Relation.ANY_OF, ("FAILED", "CREATED"), True),
        ("status", Relation.ANY_OF, (), False),
        ("payment", Relation.AT_LEAST, 5, True),
        ("payment", Relation.AT_LEAST, 6, False),
        ("payment", Relation.AT_MOST, 5, True),
        ("payment", Relation.AT_MOST, 4, False),
        ("payment", Relation.AFTER, 5, False),
        ("payment", Relation.BEFORE, 6, True),
        ("provider", Relation.IS, "somebody", False),
        ("provider", Relation.ANY_OF, ("somebody",), False),
    ],
)
def test_a_condition_reads_as_its_sql(column: str, relation: Relation, value: Any, expected: bool) -> None:
    """Limits count themselves, moments do not, and null meets nothing."""
    assert holds((Condition(column=column, relation=relation, value=value),), ROW) is expected


def test_all_conditions_must_hold() -> None:
    """One that fails is enough."""
    met = Condition(column="payment", relation=Relation.AT_LEAST, value=1)
    failed = Condition(column="payment", relation=Relation.AT_LEAST, value=9)

    assert holds((met, met), ROW)
    assert not holds((met, failed), ROW)


def test_no_conditions_are_met_by_everything_that_is() -> None:
    """What is not there meets nothing."""
    assert holds(EVERYTHING, ROW)
    assert not holds(EVERYTHING, None)


def test_a_jobs_columns_are_read_from_json() -> None:
    """Amounts and times become what they are compared with; JSON's numbers would have rounded the amount."""
    watched = {"status": "CREATED", "payment": str(2**255 + 1), "created_at": "2026-01-01T00:00:10+00:00"}

    assert read_watched(Entity.JOB, "0x01", watched) == {
        "status": "CREATED",
        "payment": 2**255 + 1,
        "created_at": datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC),
    }


def test_a_providers_address_is_its_key() -> None:
    """So a filter by address holds over a change too."""
    assert read_watched(Entity.PROVIDER, "0xA", {"vram": 1}) == {"vram": 1, "wallet_address": "0xA"}


def test_what_was_not_there_stays_nothing() -> None:
    """Before it was created, after it was removed."""
    assert read_watched(Entity.JOB, "0x01", None) is None
