"""What operators ask of a running system: rows that the program in charge picks up, works on and marks done."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Boolean, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from models.columns import BigInteger, Field, Text, Timestamp


class RequestKind(StrEnum):
    """
    What is asked.

    REINDEX reads a block range again and applies the difference; VERIFY only reports it, unless it is to repair;
    RESUME lets a paused chain go on. The others are done as they are asked: RETRY hands a job out again, PAUSE_CREDITS
    and RESUME_CREDITS have signers stop and go on.
    """

    REINDEX = "REINDEX"
    VERIFY = "VERIFY"
    RESUME = "RESUME"
    RETRY = "RETRY"
    PAUSE_CREDITS = "PAUSE_CREDITS"
    RESUME_CREDITS = "RESUME_CREDITS"


class Request(SQLModel, table=True):
    """
    One request and what became of it.

    `first_block` and `last_block` are both included; `read_through` is the last block read again so far, and `trouble`
    why it does not get on, while it does not. `missing`, `surplus` and `changed` count the facts that our tables
    lacked, had too many, or had with other values; `result` has the details, and the blocks as soon as they are known.
    `error` says why it ended without a result.
    """

    __tablename__ = "requests"
    __table_args__ = (
        # The program in charge looks for what is not done yet, oldest first.
        Index("requests_open", "chain", "id", postgresql_where=text("finished_at is null")),
    )

    id: int | None = Field(
        default=None, sa_type=BigInteger, primary_key=True, sa_column_kwargs={"server_default": Identity()}
    )
    kind: str = Field(sa_type=Text)
    chain: str = Field(sa_type=Text)
    first_block: int | None = Field(default=None, sa_type=BigInteger)
    last_block: int | None = Field(default=None, sa_type=BigInteger)
    level: str | None = Field(default=None, sa_type=Text)
    repairs: bool = Field(sa_type=Boolean)
    requested_by: str = Field(sa_type=Text)
    requested_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": text("now()")})
    started_at: datetime | None = Field(default=None, sa_type=Timestamp)
    finished_at: datetime | None = Field(default=None, sa_type=Timestamp)
    read_through: int | None = Field(default=None, sa_type=BigInteger)
    missing: int | None = Field(default=None, sa_type=BigInteger)
    surplus: int | None = Field(default=None, sa_type=BigInteger)
    changed: int | None = Field(default=None, sa_type=BigInteger)
    trouble: str | None = Field(default=None, sa_type=Text)
    result: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    error: str | None = Field(default=None, sa_type=Text)
