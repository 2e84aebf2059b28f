"""
The change feed: one row per entity changed, in the order of commits and without gaps.

A position is taken from the one-row counter as the last statement of a transaction, and the row lock is held
until commit; so whoever has seen a position has seen all before it. A new `epoch` means another lineage: a
restored database does not continue the positions it once gave out.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, SmallInteger, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from models.columns import BigInteger, Field, Text, Timestamp


class Entity(StrEnum):
    """What a change is about."""

    JOB = "JOB"
    PROVIDER = "PROVIDER"
    CHAIN = "CHAIN"


class ChangeKind(StrEnum):
    """What happened to the entity; RESYNC stands for more changes than are worth listing."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    REMOVED = "REMOVED"
    RESYNC = "RESYNC"


class Change(SQLModel, table=True):
    """
    One entity changed by one commit.

    `key` is a job id in hex, an address in EIP-55 form or a chain's name, and null for RESYNC. `before` and
    `after` hold the columns that a filter can ask for; null where the entity was not, or is no more.
    """

    __tablename__ = "changes"

    position: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    committed_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": text("now()")})
    entity: str = Field(sa_type=Text)
    key: str | None = Field(default=None, sa_type=Text)
    kind: str = Field(sa_type=Text)
    by_reorg: bool = Field(sa_type=Boolean)
    before: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSONB)


class Feed(SQLModel, table=True):
    """The one-row counter that hands out positions."""

    __tablename__ = "feed"
    __table_args__ = (CheckConstraint("id = 1", name="feed_has_one_row"),)

    id: int = Field(sa_type=SmallInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    position: int = Field(sa_type=BigInteger)
    epoch: UUID = Field(sa_type=Uuid)
