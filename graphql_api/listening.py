"""
What a subscriber hears: the changes that concern it, in order, and no more of them than it can keep up with.

A change concerns a subscriber when the entity met its filter before or meets it now; so it also hears of what
leaves. A queue of changes is bounded: who reads more slowly than changes come is closed with `FellBehind` and can
resume from the cursor of the last change it saw.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql_api.criteria import EVERYTHING, Criteria, holds, read_watched
from graphql_api.errors import Declined, FellBehind
from models.feed import ChangeKind, Entity
from runtime.feed import Change

QUEUE_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One change at its position of the feed, its columns made comparable."""

    position: int
    entity: Entity
    kind: ChangeKind
    key: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    by_reorg: bool

    @classmethod
    def of(cls, position: int, change: Change) -> "Heard":
        """Return a change of the feed as subscribers hear it."""
        key = change.key or ""
        return cls(
            position=position,
            entity=change.entity,
            kind=change.kind,
            key=change.key,
            before=read_watched(change.entity, key, change.before),
            after=read_watched(change.entity, key, change.after),
            by_reorg=change.by_reorg,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """What a subscriber wants to hear of: one kind of entity, perhaps one of them, perhaps only some."""

    entity: Entity
    key: str | None = None
    criteria: Criteria = EVERYTHING

    def concerns(self, change: Heard) -> bool:
        """Say whether a change is about something that was or is of interest."""
        if change.entity is not self.entity:
            return False
        if change.kind is ChangeKind.RESYNC:
            return True
        if self.key is not None and change.key != self.key:
            return False
        return holds(self.criteria, change.before) or self.matches(change)

    def matches(self, change: Heard) -> bool:
        """Say whether what changed is of interest now."""
        return change.kind is ChangeKind.RESYNC or holds(self.criteria, change.after)


class Listener:
    """The queue between the one reader of the feed and one subscriber."""

    def __init__(self, interest: Interest) -> None:
        self._interest = interest
        self._queue: deque[Heard] = deque()
        self._wake = asyncio.Event()
        self._ending: Declined | None = None

    def offer(self, change: Heard) -> None:
        """Queue a change if it is of interest."""
        if self._ending is not None or not self._interest.concerns(change):
            return
        if len(self._queue) >= QUEUE_MAX:
            self.end(
                FellBehind(
                    f"more than {QUEUE_MAX} changes wait for this subscriber, which reads too slowly: "
                    "subscribe again with after: the cursor of the last change it saw"
                )
            )
            return
        self._queue.append(change)
        self._wake.set()

    def end(self, reason: Declined) -> None:
        """Drop what is queued and tell the subscriber why nothing more comes."""
        self._ending = reason
        self._queue.clear()
        self._wake.set()

    async def changes(self) -> AsyncIterator[Heard]:
        """Yield the changes as they come. Raises `Declined` when there will be no more."""
        while True:
            while self._queue:
                yield self._queue.popleft()
            if self._ending is not None:
                raise self._ending
            self._wake.clear()
            await self._wake.wait()
