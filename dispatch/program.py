"""
The reactor as a program: door, dispatch and reports side by side, and whatever else acts on what is committed.

Each is a loop that waits out what goes wrong with Postgres, NATS or an endpoint, and logs each new cause once; only
what a person must mend ends the program.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import psycopg
import psycopg_pool
import structlog
from nats.errors import Error

from chain.errors import RpcError
from chain.rpc import Rpc
from dispatch import plan
from dispatch.callout import Answers
from dispatch.credential_store import CredentialStore
from dispatch.dispatcher import Dispatcher
from dispatch.door import UNWATCHED_LOGIN, Door
from dispatch.floods import BARRED_FOR
from dispatch.intake import Intake
from dispatch.metrics import ReactorMetrics
from dispatch.outbox import Outbox
from dispatch.reason_store import ReasonStore
from dispatch.reasons import Reasons
from dispatch.refusal_store import RefusalStore
from dispatch.report_store import ReportStore
from dispatch.scheduler import Chore, Scheduler
from dispatch.streams import Streams
from dispatch.warden import Warden
from dispatch.witness import Witness, preferred_last
from models.values import Chain
from runtime.bus import Bus, open_bus
from runtime.database import Pool, open_pool
from runtime.errors import CannotRun
from runtime.lifecycle import Program, heed_cancellation, pause
from runtime.metrics import Metrics
from runtime.race import race

TROUBLE_SECONDS_MAX = 10.0
WELL_AFTER_SECONDS = 15.0
CONNECTIONS = 8
REASONS_SECONDS = 10.0
FORGETTING_SECONDS = 3_600.0
TROUBLE = (psycopg.OperationalError, psycopg_pool.PoolTimeout, Error, TimeoutError, RpcError)

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """
    What the reactor stands on.

    `bsc_urls` in order of preference; `callout_seed` signs what agents may do; `system_url` is NATS as a user of its
    system account, who can end connections. Reports without a token are believed when `insecure_reports`.
    """

    database_url: str = field(repr=False)
    nats_url: str = field(repr=False)
    callout_seed: str = field(repr=False)
    system_url: str | None = field(repr=False, default=None)
    bsc_urls: tuple[str, ...]
    job_manager: bytes
    wait_seconds: float
    insecure_reports: bool = False


async def react(
    reaction: Reaction, stop: asyncio.Event, *others: Program, measured: ReactorMetrics | None = None
) -> None:
    """Keep the door, hand out jobs and take in reports until told to stop, with `others` beside them."""
    answers, wait_seconds = Answers(reaction.callout_seed), reaction.wait_seconds
    measured = measured or ReactorMetrics(Metrics("reactor"))
    async with (
        open_pool(reaction.database_url, program="react", size=CONNECTIONS, wait_seconds=wait_seconds) as pool,
        open_bus(reaction.nats_url, program="react", wait_seconds=wait_seconds) as bus,
        _open_system(reaction) as system,
        Rpc(preferred_last(reaction.bsc_urls)) as rpc,
    ):
        streams = Streams(bus)
        credentials = CredentialStore(pool)
        door = Door(bus, credentials, streams, answers, watched=system is not None)
        intake = Intake(
            ReportStore(pool),
            streams,
            insecure=reaction.insecure_reports,
            bar=partial(credentials.bar, lasts=BARRED_FOR),
        )
        dispatcher = Dispatcher(Outbox(pool, plan.PAUSES), Witness(rpc, reaction.job_manager), streams)
        scheduler = Scheduler(*chores(pool))
        measured.pool, measured.bus, measured.dispatcher, measured.intake = pool, bus, dispatcher, intake
        try:
            with measured.endpoints.watching(rpc, Chain.BSC, asked_by="dispatch"):
                async with asyncio.TaskGroup() as group:
                    group.create_task(persist("door", door.run, stop))
                    group.create_task(persist("intake", intake.run, stop))
                    group.create_task(persist("dispatch", dispatcher.runner(reaction.database_url), stop))
                    group.create_task(persist("scheduler", scheduler.run, stop))
                    group.create_task(race(_stopped(stop), bus.watch()))
                    if system is not None:
                        group.create_task(persist("warden", Warden(system, credentials).run, stop))
                        group.create_task(race(_stopped(stop), system.watch()))
                    for other in others:
                        group.create_task(_run(other, stop))
        except* CannotRun as errors:
            raise CannotRun("\n".join(str(error) for error in errors.exceptions)) from errors


def chores(pool: Pool) -> list[Chore]:
    """Return what is done at intervals."""
    return [
        Chore(name="reasons", seconds=REASONS_SECONDS, work=Reasons(ReasonStore(pool)).step),
        Chore(name="refusals", seconds=FORGETTING_SECONDS, work=RefusalStore(pool).forget),
    ]


@asynccontextmanager
async def _open_system(reaction: Reaction) -> AsyncIterator[Bus | None]:
    if reaction.system_url is None:
        logger.info("door.unwatched", reason="NATS_SYSTEM_URL is unset", logins_last_s=UNWATCHED_LOGIN.total_seconds())
        yield None
        return
    async with open_bus(reaction.system_url, program="warden", wait_seconds=reaction.wait_seconds) as system:
        yield system


async def persist(name: str, program: Program, stop: asyncio.Event) -> None:
    """Run a program until told to stop: again after whatever passes, ever more slowly, with a line for each cause."""
    trouble, delay = "", 0.0
    while not stop.is_set():
        heed_cancellation()
        began = time.monotonic()
        try:
            await program(stop)
        except TROUBLE as error:
            if time.monotonic() - began > WELL_AFTER_SECONDS:
                trouble, delay = "", 0.0
            delay = min(TROUBLE_SECONDS_MAX, max(0.2, 2 * delay))
            reason = f"{type(error).__name__}: {error}"
            if reason != trouble:
                logger.warning(f"{name}.waits", reason=reason, retry_in_s=delay)
            trouble = reason
            await pause(stop, delay)


async def _run(program: Program, stop: asyncio.Event) -> None:
    await program(stop)


async def _stopped(stop: asyncio.Event) -> None:
    await stop.wait()
