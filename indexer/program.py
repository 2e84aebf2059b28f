"""
The indexer as a program: follow every chain named, beside each other, until told to stop.

Each chain has one leader; whoever comes second waits as a standby and takes over when the leader's lease runs out.
Whatever goes wrong with an endpoint or with Postgres is waited out here, logged once for each new cause; only what a
person must mend ends the program.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Any

import structlog

from chain.errors import RpcError, TryAgain
from chain.rpc import Rpc
from chain.transport import Transport
from indexer import identity, lease_store, plan
from indexer.follower import Follower
from indexer.heart import Heart
from indexer.housekeeping import Retention, keep_house
from indexer.metrics import IndexerMetrics, MeasuredStore
from indexer.outcomes import Advanced, Idle, Outcome, Paused, Reached, Refreshed
from indexer.reader import Reader
from indexer.readiness import IndexerReadiness
from indexer.requests import serve_requests
from indexer.store import Fenced, Superseded
from indexer.values import Followed
from models.values import ProofLevel
from runtime.database import DATABASE_TROUBLE, Connection, Pool, lone_session
from runtime.errors import CannotRun
from runtime.garbage import collected_seldom
from runtime.lifecycle import pause
from runtime.metrics import Metrics
from runtime.race import race

logger = structlog.get_logger()

PAUSED_SECONDS = 1.0
STANDBY_SECONDS = 0.5
FENCE_SECONDS = 1.0
"""How long a commit of the leader before us may still take; its time was up before ours began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A chain to follow, where to ask about it, how long to rest at its head, and how its blocks are to be proven."""

    followed: Followed
    urls: tuple[str, ...]
    poll_seconds: float
    history_proof: ProofLevel = ProofLevel.HASH
    head_proof: ProofLevel = ProofLevel.BLOOM


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the indexer knows of the world by: a way to endpoints (HTTP, when None) and a clock that never goes back."""

    transport: Transport | None = None
    clock: Callable[[], float] = time.monotonic


OUTSIDE = Outside()


class Unreachable(CannotRun):
    """The endpoints of a chain, or the database, gave no usable answer within the stated time."""


class _Ending(Enum):
    DONE = auto()
    SUPERSEDED = auto()


async def index(
    pool: Pool,
    sources: Sequence[Source],
    stop: asyncio.Event,
    *,
    offline_after: timedelta,
    wait_seconds: float,
    to_block: int | None = None,
    retention: Retention | None = None,
    outside: Outside = OUTSIDE,
    metrics: Metrics | None = None,
    readiness: IndexerReadiness | None = None,
) -> None:
    """Follow the chains until told to stop, or until each has reached `to_block`; keep house where `retention` says."""
    measured = IndexerMetrics(metrics or Metrics("indexer"), pool, readiness)
    try:
        async with collected_seldom(), asyncio.TaskGroup() as group:
            leading = [
                _Leading(pool, source, stop, outside, measured, offline_after=offline_after, to_block=to_block)
                for source in sources
            ]
            chains = [group.create_task(each.run(wait_seconds=wait_seconds)) for each in leading]
            house = None if retention is None else group.create_task(keep_house(pool, stop, retention))
            await asyncio.wait(chains)
            if house is not None:
                house.cancel()
    except* CannotRun as errors:
        raise CannotRun("\n".join(str(error) for error in errors.exceptions)) from errors


class _Leading:
    """One chain, as its leader or as a standby."""

    def __init__(
        self,
        pool: Pool,
        source: Source,
        stop: asyncio.Event,
        outside: Outside,
        measured: IndexerMetrics,
        *,
        offline_after: timedelta,
        to_block: int | None,
    ) -> None:
        self._pool = pool
        self._outside = outside
        self._source = source
        self._stop = stop
        self._offline_after = offline_after
        self._to_block = to_block
        self._chain = source.followed.chain
        self._endpoints, self._figures = measured.endpoints, measured.of(self._chain)
        self._log = logger.bind(chain=self._chain.value)
        self._waits_because = ""

    async def run(self, *, wait_seconds: float) -> None:
        """Lead the chain whenever nobody else does, until told to stop or until the block to stop at is reached."""
        outside = self._outside
        urls, chain_id = self._source.urls, self._source.followed.chain_id
        async with Rpc(urls, chain_id=chain_id, transport=outside.transport, clock=outside.clock) as rpc:
            with self._endpoints.watching(rpc, self._chain, asked_by="indexer"):
                await self._establish(rpc, wait_seconds)
                await self._lead_by_turns(rpc)

    async def _lead_by_turns(self, rpc: Rpc) -> None:
        ending = _Ending.SUPERSEDED
        while ending is _Ending.SUPERSEDED and not self._stop.is_set():
            try:
                ending = await self._stand_by(rpc)
            except DATABASE_TROUBLE as error:
                self._wait_because(f"{type(error).__name__}: {error}", for_trouble=True)
            await pause(self._stop, STANDBY_SECONDS if ending is _Ending.SUPERSEDED else 0)

    async def _establish(self, rpc: Rpc, wait_seconds: float) -> None:
        """See that chain and database are those of the settings, once both answer."""
        deadline = self._outside.clock() + wait_seconds
        name = f"{self._chain.upper()}_RPC_URL"
        while not self._stop.is_set():
            try:
                await identity.establish(self._pool, rpc, self._source.followed)
            except (TryAgain, *DATABASE_TROUBLE) as error:
                if self._outside.clock() > deadline:
                    who = name if isinstance(error, TryAgain) else "DATABASE_URL"
                    raise Unreachable(f"no usable answer from {who} within {wait_seconds:.0f} s: {error}") from error
            except RpcError as error:
                raise Unreachable(f"{name} cannot be used: {error}") from error
            else:
                return
            await pause(self._stop, 0.2)

    async def _stand_by(self, rpc: Rpc) -> _Ending:
        """Lead the chain if nobody does."""
        async with lone_session(self._pool) as session:
            epoch = await lease_store.acquire(session, self._chain, f"{socket.gethostname()}:{os.getpid()}")
            if epoch is None:
                self._wait_because(f"{await lease_store.leader(session, self._chain)} leads this chain")
                return _Ending.SUPERSEDED
            self._waits_because = ""
            await self._fence(session, epoch)
            return await self._lead(rpc, session, epoch)

    async def _fence(self, session: Connection, epoch: int) -> None:
        """Shut out whoever led before; end the session of one that was stopped in the middle of a commit."""
        fencing = asyncio.create_task(lease_store.fence(session, self._chain, epoch))
        try:
            while not (await asyncio.wait([fencing], timeout=FENCE_SECONDS))[0]:
                async with self._pool.connection() as connection:
                    ended = await lease_store.end_those_before(connection, session.info.backend_pid)
                self._log.warning("follower.fence", ended_sessions=ended, epoch=epoch)
            await fencing
        finally:
            fencing.cancel()
            await asyncio.gather(fencing, return_exceptions=True)

    def _wait_because(self, reason: str, *, for_trouble: bool = False) -> None:
        self._figures.progress.stand_by(reason, for_trouble=for_trouble)
        if reason != self._waits_because:
            self._log.info("follower.standby", reason=reason)
        self._waits_because = reason

    async def _lead(self, rpc: Rpc, session: Connection, epoch: int) -> _Ending:
        source = self._source
        store = MeasuredStore(
            self._pool, source.followed, self._figures, offline_after=self._offline_after, epoch=epoch
        )
        reader = Reader(rpc, source.followed, head_level=source.head_proof)
        clock = self._outside.clock
        follower = Follower(reader, store, level=source.history_proof, to_block=self._to_block, clock=clock)
        self._figures.progress.lead()
        self._log.info("follower.start", contract=source.followed.contract_name, epoch=epoch, to_block=self._to_block)
        try:
            heart = Heart(rpc, self._chain, epoch, clock)
            return await race(
                self._repeat(follower), _superseded(heart.run(self._pool, session)), self._answer_requests(reader)
            )
        finally:
            await follower.close()
            await self._release(epoch)
            self._log.info("follower.stop")

    async def _answer_requests(self, reader: Reader) -> _Ending:
        """Work on what operators ask for, as long as we lead."""
        never = asyncio.Event()
        await serve_requests(self._pool, reader, self._source.followed, never, offline_after=self._offline_after)
        return _Ending.DONE

    async def _release(self, epoch: int) -> None:
        try:
            async with self._pool.connection(timeout=1.0) as connection:
                await lease_store.release(connection, self._chain, epoch)
        except DATABASE_TROUBLE:
            # Then it runs out by itself.
            pass

    async def _repeat(self, follower: Follower) -> _Ending:
        trouble, delay, poll_seconds, figures = "", 0.0, self._source.poll_seconds, self._figures
        while not self._stop.is_set():
            began = self._outside.clock()
            try:
                outcome = await figures.timed("read", follower.step())
            except Superseded as error:
                _complain(self._log, trouble, str(error))
                return _Ending.SUPERSEDED
            except (RpcError, Fenced, *DATABASE_TROUBLE) as error:
                delay = plan.delay_after_trouble(error, last=delay, poll_seconds=poll_seconds)
                trouble = _complain(self._log, trouble, f"{type(error).__name__}: {error}", retry_in_s=round(delay, 2))
                figures.stumbled(error)
                await figures.timed("trouble", pause(self._stop, delay))
                continue
            delay = 0.0
            figures.progress.step(outcome)
            if isinstance(outcome, Paused):
                trouble = _complain(self._log, trouble, outcome.reason, paused=True)
            else:
                trouble = ""
                _report(outcome, self._log, took_ms=round(1000 * (self._outside.clock() - began)))
            if isinstance(outcome, Reached):
                return _Ending.DONE
            await figures.timed("rest", pause(self._stop, _rest(outcome, follower.rest_seconds(poll_seconds))))
        return _Ending.DONE


async def _superseded(heart: Coroutine[Any, Any, None]) -> _Ending:
    await heart
    return _Ending.SUPERSEDED


def _complain(log: Any, trouble: str, reason: str, **details: Any) -> str:
    """Warn of a reason once, until it changes; return the reason."""
    if reason != trouble:
        log.warning("follower.waits", reason=reason, **details)
    return reason


def _rest(outcome: Outcome, at_head_seconds: float) -> float:
    match outcome:
        case Advanced(lag=lag) | Idle(lag=lag):
            return 0.0 if lag > 0 else at_head_seconds
        case Refreshed():
            return 0.0
        case Paused():
            return PAUSED_SECONDS
        case _:
            return at_head_seconds


def _report(outcome: Outcome, log: Any, *, took_ms: int) -> None:
    match outcome:
        case Advanced(blocks=blocks, events=events, undone=undone, lag=lag):
            # A quiet head is not worth a line a second; whatever brought, undid or caught up something is.
            say = log.info if events or undone or lag else log.debug
            span = {"first": blocks.first, "last": blocks.last}
            say("follower.step", **span, events=events, undone=undone, lag=lag, took_ms=took_ms)
        case Refreshed(through=through):
            log.info("follower.refresh", through=through, took_ms=took_ms)
        case Reached(block=block):
            log.info("follower.reached", block=block)
