"""
Ask something of a running system and follow it to its end.

The chain's leader does the work. Where nobody leads, or no more, the command does it itself, in its own process and
with the same code: two never work on one chain. A stop takes the request back, and nothing of it is left.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rich.console import Console

import migrations
from chain.errors import RpcError
from chain.rpc import Rpc
from indexer import identity, request_store
from indexer.program import Source
from indexer.reader import Reader
from indexer.requests import serve_requests
from lamda import queries
from lamda.databases import opened
from lamda.progress import Shows, shown_progress
from lamda.sources import sources
from models.requests import Request, RequestKind
from models.values import Chain
from runtime import asking_store
from runtime.asking_store import NewRequest
from runtime.database import Pool, open_pool
from runtime.errors import CannotRun
from runtime.lifecycle import pause
from runtime.settings import CommonSettings, IndexerSettings

LOOK_SECONDS = 0.25
DOING = {
    RequestKind.REINDEX: "reads again",
    RequestKind.VERIFY: "verifies",
    RequestKind.RESUME: "resumes",
}


class Stopped(Exception):
    """The operator did not want to wait any longer; the message says what became of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where requests are handed in: the database, and where the chains are if this command must do the work."""

    pool: Pool
    source_of: Callable[[Chain], Source]
    offline_after: timedelta
    console: Console
    stop: asyncio.Event

    async def ask(self, request: NewRequest) -> Request:
        """Hand a request in and return it when it is done. Raises `CannotRun` when it cannot be, and `Stopped`."""
        if request.chain not in await queries.chains(self.pool):
            raise CannotRun(f"nothing of {request.chain} is indexed in this database: start with `lamda index`")
        async with self.pool.connection() as connection:
            number = await asking_store.insert(connection, request)
        with shown_progress(self.console, f"{request.chain} {DOING[request.kind]}") as show:
            done = await self._follow(request.chain, number, show)
        if done.error is not None:
            raise CannotRun(f"{request.chain}: {done.error}")
        return done

    async def _follow(self, chain: Chain, number: int, show: Shows) -> Request:
        working: asyncio.Task[None] | None = None
        try:
            while not self.stop.is_set():
                request = await self._look(number)
                show(*progress_of(request), request.trouble)
                if request.finished_at is not None:
                    return request
                if working is not None and working.done():
                    working.result()
                if working is None and not await queries.is_led(self.pool, chain):
                    self.console.print(f"nobody indexes {chain} now: this command does it itself")
                    working = asyncio.create_task(self._work(chain))
                await pause(self.stop, LOOK_SECONDS)
        finally:
            await _end(working)
            was_open = await self._take_back(number)
        if was_open:
            raise Stopped(f"request {number} was taken back: nothing was changed")
        return await self._look(number)

    async def _work(self, chain: Chain) -> None:
        source = self.source_of(chain)
        async with Rpc(source.urls) as rpc:
            try:
                await identity.establish(self.pool, rpc, source.followed)
            except RpcError as error:
                raise CannotRun(f"{chain.upper()}_RPC_URL cannot be used: {error}") from error
            reader = Reader(rpc, source.followed)
            never = asyncio.Event()
            await serve_requests(self.pool, reader, source.followed, never, offline_after=self.offline_after)

    async def _look(self, number: int) -> Request:
        async with self.pool.connection() as connection:
            request = await asking_store.find(connection, number)
        if request is None:
            raise CannotRun(f"request {number} is gone: somebody deleted it")
        return request

    async def _take_back(self, number: int) -> bool:
        async with self.pool.connection() as connection:
            return await request_store.cancel(connection, number)


@asynccontextmanager
async def open_desk(
    common: CommonSettings, indexer: IndexerSettings, data: Path, console: Console, stop: asyncio.Event
) -> AsyncIterator[Desk]:
    """Open the database to hand requests in."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened(common, data))
        pool = await stack.enter_async_context(
            open_pool(database.url, program="operate", size=4, wait_seconds=common.connect_timeout_seconds)
        )
        await asyncio.to_thread(migrations.check, database.url)
        yield Desk(
            pool=pool,
            source_of=lambda chain: sources([chain], indexer, world=database.world)[0],
            offline_after=timedelta(seconds=indexer.provider_offline_after_seconds),
            console=console,
            stop=stop,
        )


def progress_of(request: Request) -> tuple[int, int]:
    """Return how many blocks are read, and how many there are to read; 0 of 0 while that is not known."""
    blocks = (request.result or {}).get("blocks")
    if not isinstance(blocks, Mapping):
        return 0, 0
    through = blocks["first"] - 1 if request.read_through is None else request.read_through
    return through - blocks["first"] + 1, blocks["last"] - blocks["first"] + 1


async def _end(working: asyncio.Task[None] | None) -> None:
    if working is not None:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
