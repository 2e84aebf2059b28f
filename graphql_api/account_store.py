"""
Give out nonces, sessions and agents' credentials, and take nonces and sessions back.

A nonce is used up by the statement that finds it, so that of two sign-ins with one nonce one fails. Tokens are 32
random bytes that nobody but their holder has: here is their SHA-256 only.
"""

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from graphql_api.writing import transaction
from runtime.database import Connection, Pool

NONCE_LIFETIME = timedelta(minutes=10)
CREDENTIAL_LIFETIME = timedelta(hours=24)
CREDENTIALS_MAX = 20
"""How many valid credentials one provider may have."""

TIDY_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A token as its holder gets it, and until when it is good."""

    token: str
    expires_at: datetime


def hash_token(token: str) -> bytes:
    """Return what we keep of a token."""
    return hashlib.sha256(token.encode("utf-8", errors="replace")).digest()


class AccountStore:
    """Who has signed in, in Postgres."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._tidied_at = -TIDY_SECONDS

    async def issue_nonce(self) -> str:
        """Return a new nonce, good for one sign-in within ten minutes."""
        nonce = secrets.token_hex(16)
        async with transaction(self._pool) as connection:
            await self._tidy(connection)
            await connection.execute(
                "insert into sign_in_nonces (nonce, expires_at) values (%s, now() + %s)", (nonce, NONCE_LIFETIME)
            )
        return nonce

    async def use_up(self, nonce: str) -> bool:
        """Take a nonce back for good, and say whether it was ours and still good."""
        async with transaction(self._pool) as connection:
            row = await (
                await connection.execute(
                    "delete from sign_in_nonces where nonce = %s returning expires_at > now()", (nonce,)
                )
            ).fetchone()
        return row is not None and bool(row[0])

    async def open_session(self, address: bytes, lifetime: timedelta) -> Issued:
        """Let an address in."""
        token = secrets.token_urlsafe(32)
        async with transaction(self._pool) as connection:
            row = await (
                await connection.execute(
                    """
                    insert into sessions (token_hash, address, created_at, expires_at)
                    values (%s, %s, now(), now() + %s) returning expires_at
                    """,
                    (hash_token(token), address, lifetime),
                )
            ).fetchone()
        assert row is not None, "an insert returns its row"
        return Issued(token=token, expires_at=row[0])

    async def close_session(self, token: str) -> bool:
        """End a session, and say whether there was one."""
        async with transaction(self._pool) as connection:
            closed = await connection.execute("delete from sessions where token_hash = %s", (hash_token(token),))
        return closed.rowcount > 0

    async def why_barred(self, address: bytes) -> str | None:
        """Return until when and why the agent of an address is kept out of NATS, or None when it is not."""
        async with transaction(self._pool) as connection:
            row = await (
                await connection.execute(
                    "select barred_until, barred_reason from agents where address = %s and barred_until > now()",
                    (address,),
                )
            ).fetchone()
        return None if row is None else f"barred until {row[0]:%Y-%m-%d %H:%M} UTC: {row[1]}"

    async def revoke_credentials(self, address: bytes) -> int:
        """Take back all credentials of an address's agent, and return how many there were."""
        async with transaction(self._pool) as connection:
            taken = await connection.execute(
                "delete from agent_credentials where address = %s and expires_at > now()", (address,)
            )
        return taken.rowcount

    async def issue_credential(self, address: bytes) -> Issued:
        """Give the agent of an address what it connects to NATS with; of many, the oldest go."""
        token = secrets.token_urlsafe(32)
        async with transaction(self._pool) as connection:
            row = await (
                await connection.execute(
                    """
                    insert into agent_credentials (token_hash, address, expires_at)
                    values (%s, %s, now() + %s) returning expires_at
                    """,
                    (hash_token(token), address, CREDENTIAL_LIFETIME),
                )
            ).fetchone()
            await connection.execute(
                """
                delete from agent_credentials where token_hash in (
                    select token_hash from agent_credentials where address = %s order by expires_at desc offset %s
                )
                """,
                (address, CREDENTIALS_MAX),
            )
        assert row is not None, "an insert returns its row"
        return Issued(token=token, expires_at=row[0])

    async def _tidy(self, connection: Connection) -> None:
        """Delete what has expired, once in a while."""
        if time.monotonic() - self._tidied_at < TIDY_SECONDS:
            return
        self._tidied_at = time.monotonic()
        await connection.execute("delete from sign_in_nonces where expires_at <= now()")
        await connection.execute("delete from sessions where expires_at <= now()")
        await connection.execute("delete from agent_credentials where expires_at <= now()")
