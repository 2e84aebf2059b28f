"""
Run the signer: take the lease, step, and wait out whatever passes by itself.

What only a person can mend is written into the signer's row and told once; the signer looks at it again at each step.
"""

from asyncio import Event
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final

import psycopg
import structlog

from chain.errors import RpcError
from chain.rpc import Rpc
from chain.signer import Signer
from dispatch.chain_writer import ChainWriter
from dispatch.credit_lease_store import LeaseTaken, connected, lease
from dispatch.credit_store import CreditStore
from dispatch.credit_values import Limits
from dispatch.crediting import Credited, Crediting, Held
from dispatch.program import preferred_last
from dispatch.witness import Witness
from models.values import checksum_address
from runtime import feed
from runtime.lifecycle import pause

logger = structlog.get_logger()

STEP_SECONDS_MIN: Final = 0.1
TROUBLE_SECONDS: Final = 2.0

Step = Callable[[], Awaitable[Credited | Held]]


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


async def credit(database_url: str, settings: SignerSettings, stop: Event) -> None:
    """Credit finished jobs until told to stop; only one of all running signers does at a time."""
    trouble = ""
    while not stop.is_set():
        try:
            async with lease(partial(connected, database_url), settings.signer.address) as store:
                trouble = await _lead(store, settings, database_url, trouble, stop)
        except (psycopg.OperationalError, LeaseTaken) as error:
            trouble = _complain(trouble, f"{type(error).__name__}: {error}")
            await pause(stop, TROUBLE_SECONDS)


async def _lead(store: CreditStore, settings: SignerSettings, database_url: str, trouble: str, stop: Event) -> str:
    """Step under the lease until told to stop; what keeps us from it is shown in the signer's row."""
    async with crediting(store, settings) as step, feed.ticks(database_url) as ticks:
        logger.info("credit.lease", signer=checksum_address(settings.signer.address))
        async for _ in ticks:
            if stop.is_set():
                break
            try:
                trouble = _complain(trouble, _reason(await step()))
                await pause(stop, STEP_SECONDS_MIN)
            except RpcError as error:
                # The signer stays: what it has seen of its account is not to be seen again.
                trouble = _complain(trouble, f"{type(error).__name__}: {error}")
                await store.beat(waits_for=trouble, balance_wei=None)
                await pause(stop, TROUBLE_SECONDS)
    return trouble


@asynccontextmanager
async def crediting(store: CreditStore, settings: SignerSettings) -> AsyncIterator[Step]:
    """Yield the signer's step on both chains; the first ones see that each is the chain that is meant."""
    async with (
        Rpc(settings.opbnb_urls, chain_id=settings.chain_id) as opbnb,
        Rpc(preferred_last(settings.bsc_urls), chain_id=settings.bsc_chain_id) as bsc,
    ):
        signer = Crediting(
            store,
            ChainWriter(opbnb, settings.signer, chain_id=settings.chain_id, contract=settings.contract),
            Witness(bsc, settings.job_manager),
            signer=settings.signer.address,
            limits=settings.limits,
            clock=_now,
        )
        unproven = [opbnb, bsc]

        async def step() -> Credited | Held:
            while unproven:
                await unproven[0].look()
                del unproven[0]
            return await signer.step()

        yield step


def _reason(outcome: Credited | Held) -> str:
    return outcome.reason if isinstance(outcome, Held) else outcome.complaint


def _complain(trouble: str, reason: str) -> str:
    """Tell of a reason once, until it changes, and of its end; return it."""
    if reason and reason != trouble:
        logger.warning("credit.waits", reason=reason)
    if trouble and not reason:
        logger.info("credit.goes_on")
    return reason


def _now() -> datetime:
    return datetime.now(UTC)
