"""
All that the simulation knows of the reactor: how it is run, and what it may be tuned by.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final, cast

import psycopg
import psycopg_pool
from nats.errors import Error

from chain.errors import RpcError
from chain.rpc import Rpc
from chain.signer import Signer
from dispatch import credit_lease_store, credit_store, plan, settle, witness
from dispatch.credential_store import CredentialStore
from dispatch.credit_lease_store import LeaseTaken, lease
from dispatch.credit_program import Complaints, Leading, SignerSettings, lead
from dispatch.credit_values import Limits
from dispatch.dispatcher import Dispatcher
from dispatch.intake import Intake
from dispatch.outbox import Outbox
from dispatch.report_store import ReportStore
from dispatch.streams import Streams
from dispatch.witness import Witness, preferred_last
from runtime.database import Connection, Pool
from runtime.lifecycle import pause
from tests.simulation.database import EPOCH, SimulatedPool
from tests.simulation.effects.bus_client import BusClient
from tests.simulation.processes import Process
from tests.simulation.tuning import Tunings


def _seconds(*seconds: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=each) for each in seconds)


TROUBLE: Final = (psycopg.OperationalError, psycopg_pool.PoolTimeout, Error, TimeoutError, RpcError, LeaseTaken)
TROUBLE_SECONDS: Final = 2.0
TICK_SECONDS: Final = 1.0

TUNINGS: Final[Tunings] = (
    (settle, "PENDING_MAX", (2, 16)),
    (settle, "RESEND_AFTER", _seconds(1, 5)),
    (settle, "REPLACE_AFTER", _seconds(3, 3, 30)),
    (settle, "REST_FIRST", _seconds(2, 15)),
    (witness, "REST_SECONDS", (3.0, 30.0)),
    (credit_store, "FULL_LOOK_AFTER", _seconds(5, 60)),
    (credit_lease_store, "HANGS_AFTER", _seconds(8, 60)),
    (plan, "URGENT_PAUSE", _seconds(2, 30)),
    (plan, "PAUSES", (_seconds(2, 4, 8, 16), plan.PAUSES)),
)
"""Times that a small world must have smaller, to see what comes after them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What the operator of a simulated reactor set."""

    bsc_urls: Sequence[str]
    opbnb_urls: Sequence[str]
    bsc_id: int
    opbnb_id: int
    job_manager: bytes
    reputation: bytes
    signer: Signer = field(repr=False)
    limits: Limits


async def run_reactor(
    process: Process, bus: BusClient, reaction: Reaction, *, clock: Callable[[], float], new_token: Callable[[], str]
) -> None:
    """Be a reactor until told to stop: hand out jobs, take in reports, and credit."""
    stop = process.stopping
    async with (
        _rpc(process, preferred_last(tuple(reaction.bsc_urls)), reaction.bsc_id, clock) as bsc,
        _rpc(process, preferred_last(tuple(reaction.bsc_urls)), reaction.bsc_id, clock) as confirmations,
        _rpc(process, tuple(reaction.opbnb_urls), reaction.opbnb_id, clock) as opbnb,
        asyncio.TaskGroup() as group,
    ):
        pool, streams = cast("Pool", process.pool), Streams(cast("Any", bus))
        created = Witness(bsc, reaction.job_manager, clock=clock)
        dispatcher = Dispatcher(Outbox(pool, plan.PAUSES), created, streams, new_token=new_token)
        group.create_task(_persist(Intake(ReportStore(pool), streams).run, stop))
        group.create_task(_persist(lambda stop: dispatcher.run(_ticks(stop), stop), stop))
        group.create_task(_persist(lambda stop: _credit(opbnb, confirmations, process, reaction, clock, stop), stop))


async def sign_in(bus: BusClient, pool: SimulatedPool, provider: bytes) -> None:
    """Do what the door does for an agent that it lets in; it lets nobody in while it cannot look anything up."""
    streams = Streams(cast("Any", bus))
    with suppress(psycopg_pool.PoolTimeout, psycopg.OperationalError):
        await streams.ensure()
        await streams.ensure_consumer(provider)
        await CredentialStore(cast("Pool", pool)).note_sign_in(provider)


async def _persist(program: Callable[[asyncio.Event], Coroutine[Any, Any, None]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await program(stop)
        except TROUBLE:
            await pause(stop, TROUBLE_SECONDS)


async def _credit(
    opbnb: Rpc, bsc: Rpc, process: Process, reaction: Reaction, clock: Callable[[], float], stop: asyncio.Event
) -> None:
    settings = SignerSettings(
        opbnb_urls=tuple(reaction.opbnb_urls),
        chain_id=reaction.opbnb_id,
        contract=reaction.reputation,
        bsc_urls=tuple(reaction.bsc_urls),
        bsc_chain_id=reaction.bsc_id,
        job_manager=reaction.job_manager,
        limits=reaction.limits,
        signer=reaction.signer,
    )
    async with lease(partial(_connected, process), reaction.signer.address) as store:
        leading = Leading(
            store, opbnb, bsc, settings, clock=lambda: EPOCH + timedelta(seconds=clock()), witness_clock=clock
        )
        await lead(store, leading, _ticks(stop), stop, Complaints())


async def _ticks(stop: asyncio.Event) -> AsyncIterator[None]:
    while True:
        yield
        await pause(stop, TICK_SECONDS)


@asynccontextmanager
async def _connected(process: Process) -> AsyncIterator[Connection]:
    async with await process.pool.session() as connection:
        yield connection


def _rpc(process: Process, urls: tuple[str, ...], chain_id: int, clock: Callable[[], float]) -> Rpc:
    return Rpc(urls, chain_id=chain_id, transport=process.transport, clock=clock)
