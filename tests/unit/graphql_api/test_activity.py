"""The intervals of a chart."""

from datetime import UTC, datetime

import pytest

from graphql_api.activity import Interval, bounds_of, read_last
from graphql_api.errors import BadInput


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


NEWEST = utc(2026, 3, 4, 11, 7)
BOUNDS = [
    (Interval.MINUTE, [utc(2026, 3, 4, 11, 6), utc(2026, 3, 4, 11, 7), utc(2026, 3, 4, 11, 8)]),
    (Interval.HOUR, [utc(2026, 3, 4, 10), utc(2026, 3, 4, 11), utc(2026, 3, 4, 12)]),
    (Interval.DAY, [utc(2026, 3, 3), utc(2026, 3, 4), utc(2026, 3, 5)]),
    (Interval.WEEK, [utc(2026, 2, 23), utc(2026, 3, 2), utc(2026, 3, 9)]),
]


@pytest.mark.parametrize(("interval", "expected"), BOUNDS)
def test_the_last_interval_is_the_one_of_the_newest_block(interval: Interval, expected: list[datetime]) -> None:
    """Weeks begin on Monday."""
    assert expected == bounds_of(interval, 2, NEWEST)


@pytest.mark.parametrize("newest", [utc(2026, 3, 2), utc(2026, 3, 8, 23, 59, 59), utc(1999, 1, 3)])
def test_a_moment_lies_in_the_interval_that_begins_with_it(newest: datetime) -> None:
    """Before our calendar's origin, too."""
    for interval in Interval:
        start, stop = bounds_of(interval, 1, newest)

        assert start <= newest < stop
        assert (start.weekday() == 0) or interval is not Interval.WEEK


@pytest.mark.parametrize(
    ("interval", "most"), [(Interval.MINUTE, 60), (Interval.HOUR, 168), (Interval.DAY, 366), (Interval.WEEK, 104)]
)
def test_how_many_are_asked_for_is_bounded(interval: Interval, most: int) -> None:
    """By the interval."""
    assert [read_last(interval, number) for number in (1, most)] == [1, most]
    for number in (0, -1, most + 1):
        with pytest.raises(BadInput, match=f"last must be 1 to {most} for interval {interval}, not {number}"):
            read_last(interval, number)
