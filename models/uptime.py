"""
What remains of old heartbeats: one row a provider and day.

                 ┌ midnight                    midnight ┐
    beat ────────┼──┤  beat ───────┤    beat ──beat ────┼──┤
                 ████  █████████████    █████████████████        online seconds

A heartbeat keeps its provider online until the next one, and for the offline limit at most.
"""

from datetime import date, datetime

from sqlalchemy import Date, Index
from sqlmodel import SQLModel

from models.columns import Field, Integer, LargeBinary, Text, Timestamp


class ProviderDay(SQLModel, table=True):
    """
    A provider's final heartbeats of one UTC day, by block time.

    `online_seconds` is how much of the day they kept the provider online, 0 to 86,400; a heartbeat late on the day
    before counts into it. A day without a heartbeat of its own has no row. Folded once, when the day is final, and in
    the order of days: the newest one here says how far folding is.
    """

    __tablename__ = "provider_days"
    # How far folding is.
    __table_args__ = (Index("provider_days_by_day", "day"),)

    provider: bytes = Field(sa_type=LargeBinary, primary_key=True)
    day: date = Field(sa_type=Date, primary_key=True)
    beats: int = Field(sa_type=Integer)
    first_beat: datetime = Field(sa_type=Timestamp)
    last_beat: datetime = Field(sa_type=Timestamp)
    online_seconds: int = Field(sa_type=Integer)


class SeenCount(SQLModel, table=True):
    """
    How many providers beat in one interval (an hour, a day or a week of UTC, by its first moment).

    Hours are counted when they are final, days and weeks when a day is folded; so it outlives the heartbeats. A week
    is counted up to its newest folded day. An interval without a heartbeat has no row.
    """

    __tablename__ = "seen_counts"

    interval: str = Field(sa_type=Text, primary_key=True)
    start: datetime = Field(sa_type=Timestamp, primary_key=True)
    providers: int = Field(sa_type=Integer)
