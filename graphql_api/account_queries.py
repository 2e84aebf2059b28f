"""Every question about who somebody is."""

from dataclasses import dataclass

from psycopg import sql

from graphql_api.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class HolderRow:
    """Whose session it is."""

    address: bytes


@dataclass(frozen=True, slots=True)
class IsProviderRow:
    """Whether somebody is a provider."""

    is_provider: bool


async def session_holder(snapshot: Snapshot, token_hash: bytes) -> bytes | None:
    """Return the address that a session is of, or None when it is unknown or has expired."""
    query = sql.SQL("select address from sessions where token_hash = %(hash)s and expires_at > now()")
    rows = await snapshot.fetch(query, {"hash": token_hash}, HolderRow)
    return rows[0].address if rows else None


async def is_provider(snapshot: Snapshot, address: bytes, shown: str) -> bool:
    """Say whether an address, also given in EIP-55 form, has registered or is named by a job as its provider."""
    # Uses node_registered_by_provider and jobs_by_provider.
    query = sql.SQL(
        """
        select exists (select from node_registered where provider = %(address)s)
            or exists (select from jobs where provider = %(shown)s) as is_provider
        """
    )
    return (await snapshot.fetch(query, {"address": address, "shown": shown}, IsProviderRow))[0].is_provider
