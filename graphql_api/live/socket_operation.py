"""One operation of a WebSocket: what its client calls by an id, until either side completes it."""

import asyncio
from collections.abc import Sequence

from graphql import GraphQLError

from graphql_api.errors import LimitReached
from graphql_api.live import messages
from graphql_api.live.live import Live
from graphql_api.live.operations import Operation
from graphql_api.live.outbox import Outbox
from graphql_api.live.registry import Begun
from graphql_api.live.tasks import start
from graphql_api.viewers import Viewer
from graphql_api.visits import Visit


class SocketOperation:
    """The outlet of an operation; it stands among the others of its connection for as long as it lasts."""

    __slots__ = ("__weakref__", "_before", "_begun", "_is_over", "_others", "_outbox", "_task", "id")

    def __init__(self, operation_id: str, outbox: Outbox, others: "dict[str, SocketOperation]") -> None:
        self.id = operation_id
        self._outbox = outbox
        self._others = others
        self._before = messages.next_before(operation_id)
        self._begun = Begun()
        self._task: asyncio.Task[None] | None = None
        self._is_over = False

    async def begin(self, live: Live, operation: Operation, visit: Visit, viewer: Viewer | None) -> None:
        """Take a place among the others, and begin to answer."""
        self._others[self.id] = self
        begun = await live.begin(operation, visit, viewer, self)
        if self._is_over:
            begun.leave()
            return
        self._begun = begun
        if begun.work is not None:
            self._task = start(begun.work(), lambda error: self.fail([error]))

    def refuse(self, most: int) -> None:
        """Say that there are too many others."""
        reason = f"{most} operations at once on one connection are all that may be: complete one first"
        self._outbox.put(messages.failed(self.id, [LimitReached(reason).formatted]))

    def next(self, payload: str) -> None:
        """Bring an answer."""
        if not self._is_over:
            self._outbox.put(f"{self._before}{payload}}}")

    def fail(self, errors: Sequence[GraphQLError]) -> None:
        """End with errors."""
        if not self._is_over:
            self._outbox.put(messages.failed(self.id, [error.formatted for error in errors]))
            self.leave()

    def complete(self) -> None:
        """End, for all is said."""
        if not self._is_over:
            self._outbox.put(messages.completed(self.id))
            self.leave()

    def leave(self) -> None:
        """End without a word; the id may be used again."""
        self._is_over = True
        if self._others.get(self.id) is self:
            del self._others[self.id]
        self._begun.leave()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    async def room(self) -> None:
        """Return when the client has read enough of what it was brought."""
        await self._outbox.room()
