"""Whose credential an agent shows."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from runtime.database import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The provider that a credential stands for, and until when."""

    address: bytes
    expires_at: datetime


class CredentialStore:
    """The credentials given out; of each we hold the SHA-256 of its token."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def holder(self, token: str) -> Holder | None:
        """Return who holds the credential of this token, or None for one that is unknown or has expired."""
        async with self._pool.connection() as connection:
            row = await (
                await connection.execute(
                    "select address, expires_at from agent_credentials where token_hash = %s and expires_at > now()",
                    (hashlib.sha256(token.encode("utf-8", errors="replace")).digest(),),
                )
            ).fetchone()
        return None if row is None else Holder(address=row[0], expires_at=row[1])
