"""Whose credential an agent shows, and who is kept out whatever they show."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from runtime.database import Pool

FOR_GOOD = timedelta(days=36_500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The provider that a credential stands for, and until when; `credential` names it and is no secret."""

    address: bytes
    expires_at: datetime
    credential: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """A provider that no credential lets in until then, and why."""

    address: bytes
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A provider with its valid credentials, when its agent last signed in, and until when it is barred and why."""

    address: bytes
    credentials: int
    expires_at: datetime | None
    signed_in_at: datetime | None
    barred_until: datetime | None
    barred_reason: str | None


class CredentialStore:
    """The credentials given out, of each the SHA-256 of its token, and the agents they were given to."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def holder(self, token: str) -> Holder | Barred | None:
        """Return who holds the credential of this token, or None for one that is unknown, revoked or has expired."""
        hashed = hashlib.sha256(token.encode("utf-8", errors="replace")).digest()
        async with self._pool.connection() as connection:
            row = await (
                await connection.execute(
                    """
                    select address, expires_at, barred_until, barred_reason, coalesce(barred_until > now(), false)
                    from agent_credentials left join agents using (address)
                    where token_hash = %s and expires_at > now()
                    """,
                    (hashed,),
                )
            ).fetchone()
        if row is None:
            return None
        address, expires_at, barred_until, reason, is_barred = row
        if is_barred:
            return Barred(address=address, until=barred_until, reason=reason or "")
        return Holder(address=address, expires_at=expires_at, credential=credential_name(hashed))

    async def ended(self, credentials: Collection[str]) -> set[str]:
        """Return those of the named credentials that let nobody in any more."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                """
                select name from unnest(%s::text[]) as name
                where not exists (
                    select from agent_credentials left join agents using (address)
                    where encode(substr(token_hash, 1, 8), 'hex') = name and expires_at > now()
                        and (barred_until is null or barred_until <= now())
                )
                """,
                (list(credentials),),
            )
            return {str(name) async for (name,) in rows}

    async def note_sign_in(self, address: bytes) -> None:
        """Write down that an agent has just come in by the door."""
        async with self._pool.connection() as connection:
            await connection.execute(
                """
                insert into agents (address, signed_in_at) values (%s, now())
                on conflict (address) do update set signed_in_at = now()
                """,
                (address,),
            )

    async def bar(self, address: bytes, reason: str, *, lasts: timedelta) -> None:
        """Keep a provider's agent out for so long, unless it is kept out for longer already."""
        async with self._pool.connection() as connection:
            await connection.execute(
                """
                insert into agents (address, barred_until, barred_reason) values (%s, now() + %s, %s)
                on conflict (address) do update
                    set barred_until = excluded.barred_until, barred_reason = excluded.barred_reason
                    where agents.barred_until is null or agents.barred_until < excluded.barred_until
                """,
                (address, lasts, reason),
            )

    async def revoke(self, address: bytes, reason: str) -> int:
        """Take back all credentials of a provider and let none in until `admit`; return how many there were."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                """
                insert into agents (address, barred_until, barred_reason) values (%s, now() + %s, %s)
                on conflict (address) do update
                    set barred_until = excluded.barred_until, barred_reason = excluded.barred_reason
                """,
                (address, FOR_GOOD, reason),
            )
            taken = await connection.execute("delete from agent_credentials where address = %s", (address,))
            return taken.rowcount

    async def admit(self, address: bytes) -> bool:
        """Let a provider's agent in again, and say whether it had been kept out."""
        async with self._pool.connection() as connection:
            admitted = await connection.execute(
                """
                update agents set barred_until = null, barred_reason = null
                where address = %s and barred_until > now()
                """,
                (address,),
            )
            return admitted.rowcount > 0

    async def standings(self) -> list[Standing]:
        """Return every provider that has a credential or is barred, those barred first."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                """
                with held as (
                    select address, count(*) as credentials, max(expires_at) as expires_at
                    from agent_credentials where expires_at > now() group by address
                )
                select address, coalesce(credentials, 0), expires_at, signed_in_at,
                    case when barred_until > now() then barred_until end,
                    case when barred_until > now() then barred_reason end
                from held full join agents using (address)
                where credentials is not null or barred_until > now()
                order by barred_until > now() desc nulls last, address
                """
            )
            return [
                Standing(
                    address=row[0],
                    credentials=row[1],
                    expires_at=row[2],
                    signed_in_at=row[3],
                    barred_until=row[4],
                    barred_reason=row[5],
                )
                async for row in rows
            ]


def credential_name(token_hash: bytes) -> str:
    """Return what names a credential where it can be seen: too little of the hash to be mistaken for a secret."""
    return token_hash[:8].hex()
