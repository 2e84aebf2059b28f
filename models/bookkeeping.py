"""What dispatch keeps beside the facts: what was told of open jobs, and which reports it refused."""

from datetime import date, datetime

from sqlalchemy import Date
from sqlmodel import SQLModel

from models.columns import BigInteger, Field, LargeBinary, Text, Timestamp


class ToldReason(SQLModel, table=True):
    """
    The reason of an open job (`models.reason`) that the feed last told of, so that none is told twice.

    `trouble` is null where the job waits for nothing out of the ordinary.
    """

    __tablename__ = "told_reasons"

    job_id: bytes = Field(sa_type=LargeBinary, primary_key=True)
    reason: str = Field(sa_type=Text)
    trouble: str | None = Field(default=None, sa_type=Text)
    told_at: datetime = Field(sa_type=Timestamp)


class RefusalCount(SQLModel, table=True):
    """
    How many reports of a sender were refused for a reason on a UTC day.

    `sender` is the EIP-55 address that the subject vouches for, or the name of a subject that vouches for nobody.
    """

    __tablename__ = "refusals"

    day: date = Field(sa_type=Date, primary_key=True)
    reason: str = Field(sa_type=Text, primary_key=True)
    sender: str = Field(sa_type=Text, primary_key=True)
    count: int = Field(sa_type=BigInteger)
    last_at: datetime = Field(sa_type=Timestamp)
