"""
Work on what operators ask of a running system: each chain's requests, one after the other.

The leader of a chain does this beside following it; where nobody leads, the command that asked does it itself. Two
workers never work on one chain. What cannot be done is marked so, with the reason; trouble with the database leaves the
request open, and it is begun anew.
"""

import asyncio
from datetime import timedelta

import structlog

from indexer import request_store, resuming_store
from indexer.rereading import Cancelled, Impossible, Rereading, Source
from indexer.values import Followed
from models.requests import Request, RequestKind
from runtime import feed
from runtime.database import DATABASE_TROUBLE, Connection, Pool, lone_session
from runtime.lifecycle import pause
from runtime.race import race

logger = structlog.get_logger()

LOOK_SECONDS = 0.5
"""How often to look for a new request."""


async def serve_requests(
    pool: Pool, source: Source, followed: Followed, stop: asyncio.Event, *, offline_after: timedelta
) -> None:
    """Work on a chain's requests until told to stop; what is not done by then stays open."""
    worker = Worker(pool, source, followed, offline_after=offline_after)
    log = logger.bind(chain=followed.chain.value)
    trouble = ""
    while not stop.is_set():
        try:
            if await race(_told(stop), worker.step()) is None:
                trouble = ""
        except DATABASE_TROUBLE as error:
            reason = f"{type(error).__name__}: {error}"
            if reason != trouble:
                log.warning("requests.waits", reason=reason)
            trouble = reason
        await pause(stop, LOOK_SECONDS)


class Worker:
    """Whoever works on the requests of one chain."""

    def __init__(self, pool: Pool, source: Source, followed: Followed, *, offline_after: timedelta) -> None:
        self._pool = pool
        self._source = source
        self._followed = followed
        self._offline_after = offline_after

    async def step(self) -> Request | None:
        """Work on the next request until it is done; return None when there is none, or another is at work."""
        chain = self._followed.chain
        async with self._pool.connection() as connection:
            if not await request_store.is_any_open(connection, chain):
                return None
        async with lone_session(self._pool) as connection:
            request = await request_store.claim(connection, chain)
            if request is not None:
                await self._work(connection, request)
            return request

    async def _work(self, connection: Connection, request: Request) -> None:
        assert request.id is not None, "a claimed request is a row"
        log = logger.bind(chain=request.chain, request=request.id, kind=request.kind)
        log.info("requests.begin", by=request.requested_by, first=request.first_block, last=request.last_block)
        try:
            if request.kind == RequestKind.RESUME:
                await self._resume(connection, request.id)
            else:
                reread = Rereading(connection, self._source, self._followed, request, offline_after=self._offline_after)
                await reread.run()
        except Impossible as error:
            await request_store.fail(connection, request.id, str(error))
            log.warning("requests.fail", reason=str(error))
        except Cancelled:
            log.info("requests.cancelled")
        else:
            log.info("requests.done")

    async def _resume(self, connection: Connection, number: int) -> None:
        async with connection.transaction():
            pause_ended, changes = await resuming_store.resume(connection, self._followed.chain)
            if not await request_store.finish(connection, number, pause_ended):
                raise Cancelled
            await feed.append(connection, changes)


async def _told(stop: asyncio.Event) -> None:
    await stop.wait()
