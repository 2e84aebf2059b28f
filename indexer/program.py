"""
The indexer as a program: follow every chain named, beside each other, until told to stop.

Whatever goes wrong with an endpoint or with Postgres is waited out here, logged once for each new cause; only
what a person must mend ends the program.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import psycopg_pool
import structlog

from chain.errors import RpcError, TryAgain
from chain.rpc import Rpc
from indexer import identity, plan
from indexer.follower import Advanced, Follower, Outcome, Paused, Reached, Refreshed
from indexer.reader import Reader, Reorganised
from indexer.store import Fenced, Store
from indexer.values import Followed
from runtime.database import Pool
from runtime.errors import CannotRun
from runtime.lifecycle import pause

logger = structlog.get_logger()

PAUSED_SECONDS = 5.0
DATABASE_TROUBLE = (psycopg.OperationalError, psycopg_pool.PoolTimeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A chain to follow, where to ask about it, and how long to rest at its head between two looks."""

    followed: Followed
    urls: tuple[str, ...]
    poll_seconds: float


class Unreachable(CannotRun):
    """The endpoints of a chain, or the database, gave no usable answer within the stated time."""


async def index(
    pool: Pool,
    sources: Sequence[Source],
    stop: asyncio.Event,
    *,
    offline_after: timedelta,
    wait_seconds: float,
    to_block: int | None = None,
) -> None:
    """Follow the chains until told to stop, or until each has reached `to_block`."""
    try:
        async with asyncio.TaskGroup() as group:
            for source in sources:
                store = Store(pool, source.followed, offline_after=offline_after)
                group.create_task(_follow(pool, source, store, stop, wait_seconds=wait_seconds, to_block=to_block))
    except* CannotRun as errors:
        raise CannotRun("\n".join(str(error) for error in errors.exceptions)) from errors


async def _follow(
    pool: Pool, source: Source, store: Store, stop: asyncio.Event, *, wait_seconds: float, to_block: int | None
) -> None:
    log = logger.bind(chain=source.followed.chain.value)
    async with Rpc(source.urls) as rpc:
        await _establish(pool, rpc, source, stop, wait_seconds=wait_seconds)
        follower = Follower(Reader(rpc, source.followed), store, to_block=to_block)
        log.info("follower.start", contract=source.followed.contract_name, to_block=to_block)
        await _repeat(follower, source, stop, log)
        log.info("follower.stop")


async def _establish(pool: Pool, rpc: Rpc, source: Source, stop: asyncio.Event, *, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    name = f"{source.followed.chain.upper()}_RPC_URL"
    while not stop.is_set():
        try:
            await identity.establish(pool, rpc, source.followed)
        except (TryAgain, *DATABASE_TROUBLE) as error:
            if time.monotonic() > deadline:
                who = name if isinstance(error, TryAgain) else "DATABASE_URL"
                raise Unreachable(f"no answer from {who} within {wait_seconds:.0f} s: {error}") from error
        except RpcError as error:
            raise Unreachable(f"{name} cannot be used: {error}") from error
        else:
            return
        await pause(stop, 0.2)


async def _repeat(follower: Follower, source: Source, stop: asyncio.Event, log: Any) -> None:
    trouble, delay = "", 0.0
    while not stop.is_set():
        began = time.monotonic()
        try:
            outcome = await follower.step()
        except (RpcError, Reorganised, Fenced, *DATABASE_TROUBLE) as error:
            delay = plan.delay_after_trouble(error, last=delay, poll_seconds=source.poll_seconds)
            trouble = _complain(log, trouble, f"{type(error).__name__}: {error}", retry_in_s=round(delay, 2))
            await pause(stop, delay)
            continue
        delay = 0.0
        if isinstance(outcome, Paused):
            trouble = _complain(log, trouble, outcome.reason, paused=True)
        else:
            trouble = ""
            _report(outcome, log, took_ms=round(1000 * (time.monotonic() - began)))
        if isinstance(outcome, Reached):
            return
        await pause(stop, _rest(outcome, source.poll_seconds))


def _complain(log: Any, trouble: str, reason: str, **details: Any) -> str:
    """Warn of a reason once, until it changes; return the reason."""
    if reason != trouble:
        log.warning("follower.waits", reason=reason, **details)
    return reason


def _rest(outcome: Outcome, poll_seconds: float) -> float:
    match outcome:
        case Advanced(lag=lag):
            return 0.0 if lag else poll_seconds
        case Refreshed():
            return 0.0
        case Paused():
            return PAUSED_SECONDS
        case _:
            return poll_seconds


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
