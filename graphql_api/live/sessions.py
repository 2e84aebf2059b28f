"""
End what a session allowed when the session ends, for as long as connections live by it.

All sessions in use here are checked by one question every few seconds. While the database is away nothing is ended.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from graphql_api.account_store import hash_token
from graphql_api.errors import Declined
from graphql_api.live.session_queries import good_sessions
from graphql_api.live.tasks import start
from graphql_api.reading import World
from graphql_api.snapshot import Snapshot

logger = structlog.get_logger()


class Sessions:
    """The sessions that connections live by."""

    def __init__(self, world: World, check_seconds: float) -> None:
        self._world = world
        self._check_seconds = check_seconds
        self._ends: dict[bytes, set[Callable[[], None]]] = {}
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def living_by(self, token: str, end: Callable[[], None]) -> Iterator[None]:
        """Have a connection ended, should the session end before it does."""
        token_hash = hash_token(token)
        self._ends.setdefault(token_hash, set()).add(end)
        if self._task is None or self._task.done():
            self._task = start(self._run(), lambda _: None, is_shared=True)
        try:
            yield
        finally:
            self._ends.get(token_hash, set()).discard(end)
            if not self._ends.get(token_hash, True):
                del self._ends[token_hash]
            if not self._ends and self._task is not None:
                self._task.cancel()
                # It ends only later, and must not be taken for one that still checks.
                self._task = None

    async def check(self) -> None:
        """End the connections whose sessions are no more."""
        asked = list(self._ends)
        snapshot = Snapshot(self._world.pool)
        try:
            good = await good_sessions(snapshot, asked)
        except Declined as reason:
            logger.warning("live.sessions_unchecked", sessions=len(asked), reason=reason.message)
            return
        finally:
            await snapshot.close()
        for token_hash in asked:
            if token_hash not in good:
                for end in list(self._ends.get(token_hash, ())):
                    end()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._check_seconds)
            await self.check()
