"""
Run the signer: take the lease, step, and wait out whatever passes by itself.

What only a person can mend is written into the signer's row and told once; the signer looks at it again at each step.
"""

import time
from asyncio import Event
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final

import psycopg
import structlog
from psycopg.errors import UniqueViolation

from chain.errors import RpcError
from chain.rpc import Rpc
from chain.signer import Signer
from dispatch.chain_writer import ChainWriter
from dispatch.credit_lease_store import LeaseTaken, connected, lease
from dispatch.credit_store import CreditStore
from dispatch.credit_values import Limits
from dispatch.crediting import Crediting, Held
from dispatch.metrics import ReactorMetrics
from dispatch.witness import Witness, preferred_last
from models.values import Chain, checksum_address
from runtime import feed
from runtime.lifecycle import pause
from runtime.metrics import Metrics

logger = structlog.get_logger()

STEP_SECONDS_MIN: Final = 0.1
TROUBLE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerSettings:
    """Where to credit, with which key and within which limits, and where confirmations are read again."""

    opbnb_urls: tuple[str, ...]
    chain_id: int
    contract: bytes
    bsc_urls: tuple[str, ...]
    bsc_chain_id: int
    job_manager: bytes
    limits: Limits
    signer: Signer = field(repr=False)


async def credit(
    database_url: str, settings: SignerSettings, stop: Event, measured: ReactorMetrics | None = None
) -> None:
    """Credit finished jobs until told to stop; only one of all running signers does at a time."""
    complaints = Complaints()
    measured = measured or ReactorMetrics(Metrics("reactor"))
    while not stop.is_set():
        try:
            async with (
                lease(partial(connected, database_url), settings.signer.address) as store,
                Rpc(settings.opbnb_urls, chain_id=settings.chain_id) as opbnb,
                Rpc(preferred_last(settings.bsc_urls), chain_id=settings.bsc_chain_id) as bsc,
                feed.ticks(database_url) as ticks,
            ):
                logger.info("credit.lease", signer=checksum_address(settings.signer.address))
                leading = Leading(store, opbnb, bsc, settings, clock=_now, done=measured.credited)
                with (
                    measured.endpoints.watching(opbnb, Chain.OPBNB, asked_by="credit"),
                    measured.endpoints.watching(bsc, Chain.BSC, asked_by="credit"),
                ):
                    await lead(store, leading, ticks, stop, complaints)
        except (psycopg.OperationalError, LeaseTaken) as error:
            complaints.note(f"{type(error).__name__}: {error}")
            await pause(stop, TROUBLE_SECONDS)


class Complaints:
    """What keeps the signer waiting, told once until it is something else, and its end."""

    def __init__(self) -> None:
        self._reason = ""

    def note(self, reason: str) -> None:
        """Tell of a reason, or that there is none any more, where that is news."""
        if reason and reason != self._reason:
            logger.warning("credit.waits", reason=reason)
        if self._reason and not reason:
            logger.info("credit.goes_on")
        self._reason = reason


class Leading:
    """The signer's steps under one lease, on both chains; the first ones see that each is the chain that is meant."""

    def __init__(
        self,
        store: CreditStore,
        opbnb: Rpc,
        bsc: Rpc,
        settings: SignerSettings,
        *,
        clock: Callable[[], datetime],
        witness_clock: Callable[[], float] = time.monotonic,
        done: Counter[str] | None = None,
    ) -> None:
        self._done = Counter[str]() if done is None else done
        self._unproven = [opbnb, bsc]
        self._crediting = Crediting(
            store,
            ChainWriter(opbnb, settings.signer, chain_id=settings.chain_id, contract=settings.contract),
            Witness(bsc, settings.job_manager, clock=witness_clock),
            limits=settings.limits,
            clock=clock,
        )

    async def step(self) -> str:
        """Step once, and return what keeps credits waiting, or nothing."""
        while self._unproven:
            await self._unproven[0].look()
            del self._unproven[0]
        outcome = await self._crediting.step()
        if isinstance(outcome, Held):
            return outcome.reason
        self._done.update(decided=outcome.decided, adopted=outcome.adopted, sent=outcome.sent)
        return outcome.complaint


async def lead(
    store: CreditStore, leading: Leading, ticks: AsyncIterator[None], stop: Event, complaints: Complaints
) -> None:
    """Step at each tick until told to stop; what keeps us from it is shown in the signer's row."""
    async for _ in ticks:
        if stop.is_set():
            return
        try:
            complaints.note(await leading.step())
            await pause(stop, STEP_SECONDS_MIN)
        except (RpcError, UniqueViolation) as error:
            # The signer stays: what it has seen of its account is not to be seen again. A signer of another account
            # may have taken the job since we looked: our books were older than its nonce.
            reason = f"{type(error).__name__}: {error}"
            complaints.note(reason)
            await store.beat(waits_for=reason, balance_wei=None)
            await pause(stop, TROUBLE_SECONDS)


def _now() -> datetime:
    return datetime.now(UTC)
