"""
Run what `models.state` describes, safely beside other writers.

Several programs refresh one row: two indexers, the API with a spec, the reactor with a report. The rule is: insert
facts, then `lock` the keys, then `refresh` in a later statement, whose snapshot sees all that others committed
before they let the lock go. Locks are a fixed number of advisory buckets taken in order, so no two writers can
wait for each other in a circle.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

from models.feed import ChangeKind
from models.state import Derivation
from runtime.database import Connection
from runtime.feed import Change

BUCKETS = 64


async def lock(connection: Connection, derivation: Derivation, keys: Iterable[bytes] | None) -> None:
    """Hold the buckets of `keys` (of all keys, when None) until the transaction ends."""
    buckets = range(BUCKETS) if keys is None else sorted({crc32(key) % BUCKETS for key in keys})
    await connection.execute(
        "select pg_advisory_xact_lock(%s, bucket) from unnest(%s::integer[]) as bucket",
        (derivation.lock_class, list(buckets)),
    )


async def refresh(
    connection: Connection,
    derivation: Derivation,
    keys: Iterable[bytes],
    parameters: Mapping[str, Any],
    *,
    by_reorg: bool = False,
) -> list[Change]:
    """Refresh the state of `keys`, which the caller has locked; return what changed, for the feed."""
    unique = sorted(set(keys))
    if not unique:
        return []
    rows = await connection.execute(derivation.refresh(), {**parameters, "keys": unique})
    return [
        Change(
            entity=derivation.entity,
            kind=ChangeKind(kind),
            key=key,
            before=before,
            after=after,
            by_reorg=by_reorg,
        )
        async for key, kind, before, after in rows
    ]


async def touch(connection: Connection, derivation: Derivation, keys: Iterable[bytes]) -> list[Change]:
    """Return a change for each row of `keys`: the row stays as it is, and something that is shown beside it moved."""
    rows = await connection.execute(derivation.show(), {"keys": sorted(set(keys))})
    return [
        Change(entity=derivation.entity, kind=ChangeKind.UPDATED, key=key, before=watched, after=watched)
        async for key, watched in rows
    ]


async def refresh_in_bulk(
    connection: Connection, derivation: Derivation, scope: str, parameters: Mapping[str, Any]
) -> list[Change]:
    """Refresh the state of a scope of keys, all locked by the caller; return one RESYNC when anything changed."""
    row = await (await connection.execute(derivation.refresh_in_bulk(scope), parameters)).fetchone()
    if row is None or row[0] == 0:
        return []
    return [Change(entity=derivation.entity, kind=ChangeKind.RESYNC, key=None)]
