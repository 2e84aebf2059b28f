"""
Keep the database from growing without end.

    every minute:  days that are over, and final     → folded into `provider_days`
                   hours that are                    → counted, as days are: how many providers beat
                   partitions of folded heartbeats   → dropped, when older than the retention
                   the feed, and finished requests   → cut, when older than theirs
                   specs whose job did not come      → deleted, when they have waited as long as they may

Of several indexers on one database one does it. How old a heartbeat or a spec is goes by the chain's time, how old a
change or a request is by the database's. State never follows from what is dropped alone: it stays as it is.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import structlog

from indexer import retention_store, seen_store, spec_retention_store, uptime_store
from indexer.heartbeat_store import partition_name
from runtime.database import DATABASE_TROUBLE, Connection, Pool
from runtime.lifecycle import pause
from runtime.settings import IndexerSettings

logger = structlog.get_logger()

PAUSE_SECONDS = 60.0
TROUBLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long what is kept, None for ever; and how long a heartbeat keeps its provider online."""

    offline_after: timedelta
    heartbeats: timedelta | None
    changes: timedelta | None
    requests: timedelta | None
    waiting_specs: timedelta | None = None

    @classmethod
    def of(cls, settings: IndexerSettings) -> Self:
        """Return what the operator set."""
        return cls(
            offline_after=timedelta(seconds=settings.provider_offline_after_seconds),
            heartbeats=_days(settings.heartbeat_retention_days),
            changes=_days(settings.feed_retention_days),
            requests=_days(settings.request_retention_days),
            waiting_specs=_days(settings.waiting_spec_retention_days),
        )


async def keep_house(pool: Pool, stop: asyncio.Event, retention: Retention) -> None:
    """Tidy every minute until told to stop; wait out whatever is wrong with the database."""
    trouble = ""
    while not stop.is_set():
        try:
            await tidy(pool, stop, retention)
        except DATABASE_TROUBLE as error:
            reason = f"{type(error).__name__}: {error}".strip()
            if reason != trouble:
                logger.warning("housekeeping.waits", reason=reason, retry_in_s=TROUBLE_SECONDS)
            trouble = reason
            await pause(stop, TROUBLE_SECONDS)
        else:
            trouble = ""
            await pause(stop, PAUSE_SECONDS)


async def tidy(pool: Pool, stop: asyncio.Event, retention: Retention) -> None:
    """Do all there is to do, if nobody else does, in small transactions between which a stop is heeded."""
    async with _alone(pool) as connection:
        if connection is None:
            return
        for chore in (_fold, _count, _drop, _cut_feed, _forget_requests, _note_jobs, _forget_specs):
            while not stop.is_set() and await chore(connection, retention):
                pass


async def _fold(connection: Connection, retention: Retention) -> bool:
    began = time.monotonic()
    folded = await uptime_store.fold_next(connection, retention.offline_after)
    if folded is not None:
        told = {"day": folded.day.isoformat(), "providers": folded.providers, "beats": folded.beats}
        logger.info("housekeeping.folded", **told, took_ms=_milliseconds_since(began))
    return folded is not None


async def _count(connection: Connection, _: Retention) -> bool:
    final = await uptime_store.ground(connection)
    if final is None:
        return False
    return await seen_store.count_next_hour(connection, final_through=final.final_through, final_at=final.final_at)


async def _drop(connection: Connection, retention: Retention) -> bool:
    if retention.heartbeats is None:
        return False
    began = time.monotonic()
    dropped = await retention_store.drop_heartbeats(
        connection, age=retention.heartbeats, offline_after=retention.offline_after
    )
    if dropped is not None:
        name = partition_name(dropped.number)
        logger.info(
            "housekeeping.dropped", partition=name, heartbeats_from=dropped.end, took_ms=_milliseconds_since(began)
        )
    return dropped is not None


async def _cut_feed(connection: Connection, retention: Retention) -> bool:
    if retention.changes is None:
        return False
    began = time.monotonic()
    deleted = await retention_store.forget_changes(connection, retention.changes)
    # At a busy head a few go every minute: not worth a line each time.
    say = logger.info if deleted == retention_store.BATCH else logger.debug
    say("housekeeping.cut_feed", changes=deleted, took_ms=_milliseconds_since(began))
    return deleted == retention_store.BATCH


async def _forget_requests(connection: Connection, retention: Retention) -> bool:
    if retention.requests is None:
        return False
    deleted = await retention_store.forget_requests(connection, retention.requests)
    if deleted:
        logger.info("housekeeping.forgot_requests", requests=deleted)
    return False


async def _note_jobs(connection: Connection, _: Retention) -> bool:
    return await spec_retention_store.note_jobs(connection) == spec_retention_store.BATCH


async def _forget_specs(connection: Connection, retention: Retention) -> bool:
    if retention.waiting_specs is None:
        return False
    deleted = await spec_retention_store.forget_waiting(connection, retention.waiting_specs)
    if deleted:
        logger.info("housekeeping.forgot_specs", specs=deleted)
    return deleted >= spec_retention_store.BATCH


@asynccontextmanager
async def _alone(pool: Pool) -> AsyncIterator[Connection | None]:
    """Yield a connection that commits each statement by itself, or None where somebody else is tidying."""
    async with pool.connection() as connection, _each_statement_alone(connection):
        try:
            yield connection if await retention_store.begin(connection) else None
        finally:
            if not connection.closed:
                await retention_store.end(connection)


@asynccontextmanager
async def _each_statement_alone(connection: Connection) -> AsyncIterator[None]:
    await connection.set_autocommit(True)
    try:
        yield
    finally:
        if not connection.closed:
            await connection.set_autocommit(False)


def _days(number: int) -> timedelta | None:
    return timedelta(days=number) if number else None


def _milliseconds_since(began: float) -> int:
    return round(1000 * (time.monotonic() - began))
