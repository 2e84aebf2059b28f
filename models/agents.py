"""What we know of agents beside their credentials: when one last signed in, and whom we keep out until when."""

from datetime import datetime

from sqlmodel import SQLModel

from models.columns import Field, LargeBinary, Text, Timestamp


class AgentStanding(SQLModel, table=True):
    """
    An agent at the door, by the address of its provider.

    `signed_in_at` is when it last came in by the door; while `barred_until` lies ahead (`infinity` is for good) it is
    let in by no credential, old or new, for the reason kept beside it.
    """

    __tablename__ = "agents"

    address: bytes = Field(sa_type=LargeBinary, primary_key=True)
    signed_in_at: datetime | None = Field(default=None, sa_type=Timestamp)
    barred_until: datetime | None = Field(default=None, sa_type=Timestamp)
    barred_reason: str | None = Field(default=None, sa_type=Text)
