"""
The nouns: values, and every table as SQLModel.

Imports nothing else of ours, so every room may import it. The pure policies that two rooms share live here
too: what a job's state is (`state`), how an address is shown (`values`).
"""

from sqlmodel import SQLModel

from models import (
    accounts,
    agents,
    bookkeeping,
    feed,
    offchain,
    onchain,
    progress,
    reputation,
    requests,
    tables,
    uptime,
)

__all__ = [
    "SQLModel",
    "accounts",
    "agents",
    "bookkeeping",
    "feed",
    "offchain",
    "onchain",
    "progress",
    "reputation",
    "requests",
    "tables",
    "uptime",
]
