"""
The intervals of a chart: minutes, hours, days and weeks of UTC, up to the one that our copies of the chains stand in.

    │ 09:00 │ 10:00 │ 11:00 ▪            the last one is not over: it runs up to the newest block
                            └ newest block, 11:07
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from graphql_api.errors import BadInput


class Interval(StrEnum):
    """A minute, an hour, a day, or a week that begins on Monday, of UTC."""

    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"


@dataclass(frozen=True, slots=True)
class _Length:
    of: timedelta
    most: int


_LENGTHS = {
    Interval.MINUTE: _Length(timedelta(minutes=1), most=60),
    Interval.HOUR: _Length(timedelta(hours=1), most=168),
    Interval.DAY: _Length(timedelta(days=1), most=366),
    Interval.WEEK: _Length(timedelta(weeks=1), most=104),
}

# A Monday.
_ORIGIN = datetime(2024, 1, 1, tzinfo=UTC)


def read_last(interval: Interval, last: int) -> int:
    """Return how many intervals are asked for. Raises `BadInput`."""
    most = _LENGTHS[interval].most
    if not 1 <= last <= most:
        raise BadInput(f"last must be 1 to {most} for interval {interval}, not {last}")
    return last


def bounds_of(interval: Interval, last: int, newest: datetime) -> list[datetime]:
    """Return where the last intervals begin, oldest first, and where the one of `newest` ends."""
    length = _LENGTHS[interval].of
    running = _ORIGIN + (newest - _ORIGIN) // length * length
    return [running + number * length for number in range(1 - last, 2)]
