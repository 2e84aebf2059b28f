"""
How much of the last days heartbeats kept a provider online, from the days that the indexer folded.

    first heartbeat      folded through
         │ day │ day │ day │            today: not over, not counted
    null   0.4   1.0   0.9

Only whole UTC days count that are over and final; a provider's first day counts from its first heartbeat.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from graphql_api.errors import BadInput
from graphql_api.rows import DaysRow

DAYS_MAX = 366
DAY = timedelta(days=1)


def read_days(days: int) -> int:
    """Return how many days are asked for. Raises `BadInput`."""
    if not 1 <= days <= DAYS_MAX:
        raise BadInput(f"days must be 1 to {DAYS_MAX}, not {days}")
    return days


def share_of(row: DaysRow | None, days: int) -> float | None:
    """Return which part of the last days, since its first heartbeat at most, a provider was online, 0 to 1."""
    spans = [] if row is None else list(_spans(row, days))
    known = sum((span for span, _ in spans), timedelta())
    if not known:
        return None
    return _share(sum(online for _, online in spans), known)


def history_of(row: DaysRow | None, days: int) -> list[float | None]:
    """Return the same of each day, oldest first; None for those before its first heartbeat."""
    if row is None:
        return [None] * days
    return [_share(online, span) if span else None for span, online in _spans(row, days)]


def _spans(row: DaysRow, days: int) -> Iterator[tuple[timedelta, int]]:
    """Yield of each day how long the provider was known, and how many seconds it was online."""
    online = dict(zip(row.days, row.online_seconds, strict=True))
    for ago in reversed(range(days)):
        day = row.through - ago * DAY
        known_from = max(_midnight(day), row.first_beat)
        yield max(timedelta(), _midnight(day + DAY) - known_from), online.get(day, 0)


def _share(online_seconds: int, span: timedelta) -> float:
    # What is cut to whole seconds and what is not may differ by one of them.
    return min(1.0, timedelta(seconds=online_seconds) / span)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
