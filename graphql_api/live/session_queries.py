"""Which of the sessions that are in use here still are sessions."""

from collections.abc import Collection
from dataclasses import dataclass

from psycopg import sql

from graphql_api.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session that is good."""

    token_hash: bytes


async def good_sessions(snapshot: Snapshot, token_hashes: Collection[bytes]) -> frozenset[bytes]:
    """Return which of these sessions are neither revoked nor expired."""
    query = sql.SQL("select token_hash from sessions where token_hash = any(%(hashes)s) and expires_at > now()")
    rows = await snapshot.fetch(query, {"hashes": list(token_hashes)}, SessionRow)
    return frozenset(row.token_hash for row in rows)
