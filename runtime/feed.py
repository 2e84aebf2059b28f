"""
Append to the change feed and read it.

Positions are handed out by the one row of `feed`, updated as the last statement before commit. The row lock makes
committers queue for these microseconds, and in return a reader never sees position 8 before position 7.
"""

import base64
import binascii
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from models.feed import ChangeKind, Entity

POSITION_MAX = 2**63 - 1
CHANNEL = "changes"
"""Where a commit notifies. A notification only hastens: every reader also polls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entity changed; see `models.feed.Change` for the fields."""

    entity: Entity
    kind: ChangeKind
    key: str | None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    by_reorg: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in the feed of one lineage; as text it is the opaque cursor that clients hand back."""

    epoch: UUID
    number: int

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(self.epoch.bytes + struct.pack(">Q", self.number)).decode()

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Return the position a cursor stands for. Raises `ValueError` when it is none of ours."""
        try:
            raw = base64.b64decode(text.encode(), altchars=b"-_", validate=True)
            position = cls(epoch=UUID(bytes=raw[:16]), number=struct.unpack(">Q", raw[16:])[0])
        except (binascii.Error, struct.error, ValueError) as error:
            raise ValueError(f"{text!r} is not a cursor of this feed") from error
        # Base64 has more than one text for some bytes, and a bigint holds no number as large as eight bytes do.
        if str(position) != text or position.number > POSITION_MAX:
            raise ValueError(f"{text!r} is not a cursor of this feed")
        return position


async def append(connection: psycopg.AsyncConnection[Any], changes: Sequence[Change]) -> None:
    """Append the changes; call it last in a transaction, for it holds the feed's counter until commit."""
    if not changes:
        return
    await connection.execute(f"notify {CHANNEL}")
    await connection.execute(
        """
        with counter as (update feed set position = position + %(count)s returning position - %(count)s as base)
        insert into changes (position, entity, key, kind, by_reorg, before, after)
        select base + ordinality, entity, key, kind, by_reorg, before, after
        from counter, unnest(
            %(entities)s::text[], %(keys)s::text[], %(kinds)s::text[], %(by_reorg)s::boolean[],
            %(before)s::jsonb[], %(after)s::jsonb[]
        ) with ordinality as change (entity, key, kind, by_reorg, before, after, ordinality)
        """,
        {
            "count": len(changes),
            "entities": [change.entity.value for change in changes],
            "keys": [change.key for change in changes],
            "kinds": [change.kind.value for change in changes],
            "by_reorg": [change.by_reorg for change in changes],
            "before": [_json(change.before) for change in changes],
            "after": [_json(change.after) for change in changes],
        },
    )


async def position(connection: psycopg.AsyncConnection[Any]) -> Position:
    """Return the newest position that is committed."""
    row = await (await connection.execute("select epoch, position from feed")).fetchone()
    if row is None:
        raise LookupError("table feed is empty: run `lamda migrate`")
    return Position(epoch=row[0], number=row[1])


async def read_after(
    connection: psycopg.AsyncConnection[Any], number: int, *, limit: int = 1000
) -> list[tuple[int, Change]]:
    """Return the changes after position `number` with their positions, oldest first."""
    rows = await connection.execute(
        """
        select position, entity, kind, key, before, after, by_reorg from changes
        where position > %s order by position limit %s
        """,
        (number, limit),
    )
    return [
        (
            row[0],
            Change(
                entity=Entity(row[1]), kind=ChangeKind(row[2]), key=row[3], before=row[4], after=row[5], by_reorg=row[6]
            ),
        )
        async for row in rows
    ]


@asynccontextmanager
async def ticks(url: str, *, seconds: float = 1.0) -> AsyncIterator[AsyncIterator[None]]:
    """Yield an endless stream that ticks at each commit that changed something, and every so many seconds anyway."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(f"listen {CHANNEL}")
        yield _ticks(connection, seconds)


async def _ticks(connection: psycopg.AsyncConnection[Any], seconds: float) -> AsyncIterator[None]:
    while True:
        yield
        async for _ in connection.notifies(timeout=seconds, stop_after=1):
            pass


def _json(value: dict[str, Any] | None) -> Jsonb | None:
    return None if value is None else Jsonb(value)


async def begin_lineage(connection: psycopg.AsyncConnection[Any]) -> None:
    """Begin another lineage: cursors from before are refused, for a restored database gives their positions anew."""
    await connection.execute("update feed set epoch = gen_random_uuid()")
