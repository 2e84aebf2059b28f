"""The column types of our tables, each with its unit."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime
from sqlalchemy import BigInteger, DateTime, Integer, LargeBinary, Numeric, Text
from sqlmodel import Field

UINT256 = Numeric(78, 0)
"""Holds every uint256 exactly."""

INT4_MAX = 2**31 - 1
"""The largest GraphQL `Int`; what state shows of a larger on-chain number."""

Timestamp = DateTime(timezone=True)
Moment = Annotated[datetime, AwareDatetime]

__all__ = ["INT4_MAX", "UINT256", "BigInteger", "Field", "Integer", "LargeBinary", "Moment", "Text", "Timestamp"]
