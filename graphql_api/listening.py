"""
What of the feed is heard: the changes of interest, in order, and no more of them than can be kept up with.

A change is of interest when the entity met the filter before or meets it now; so it also hears of what
leaves. A queue of changes is bounded: when more come than can be told, those that wait become one RESYNC.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql_api.criteria import EVERYTHING, Criteria, holds, read_watched
from graphql_api.errors import Declined
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
    """What somebody wants to hear of: one kind of entity, perhaps one of them, perhaps only some."""

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


def resync(entity: Entity, position: int) -> Heard:
    """Return the change that stands for more changes than are worth telling one by one."""
    return Heard(
        position=position, entity=entity, kind=ChangeKind.RESYNC, key=None, before=None, after=None, by_reorg=False
    )


class Listener:
    """The queue between the one reader of the feed and those who are told together."""

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
            self._queue.clear()
            change = resync(change.entity, change.position)
        self._queue.append(change)
        self._wake.set()

    def end(self, reason: Declined) -> None:
        """Drop what is queued and say why nothing more comes."""
        self._ending = reason
        self._queue.clear()
        self._wake.set()

    async def changes(self) -> AsyncIterator[Heard]:
        """Yield the changes as they come, one by one. Raises `Declined` when there will be no more."""
        async for batch in self.batches(1):
            yield batch[0]

    async def batches(self, size: int) -> AsyncIterator[list[Heard]]:
        """Yield the changes as they come, as many at once as wait. Raises `Declined` when there will be no more."""
        while True:
            while self._queue:
                yield [self._queue.popleft() for _ in range(min(size, len(self._queue)))]
            if self._ending is not None:
                raise self._ending
            self._wake.clear()
            await self._wake.wait()
