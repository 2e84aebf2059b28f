"""
Run the signer: take the lease, step, and wait out whatever passes by itself.

A stranger's transaction on our key ends the signing until the program is started again by a person.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
import structlog

from chain.calls import chain_id
from chain.errors import RpcError
from chain.rpc import Rpc
from chain.signer import Signer
from dispatch.chain_writer import ChainWriter
from dispatch.credit_store import LeaseTaken, lease
from dispatch.crediting import Crediting, Held, KeyUsedByStranger
from runtime.lifecycle import pause

logger = structlog.get_logger()

STEP_SECONDS: Final = 0.5
TROUBLE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerSettings:
    """Where to credit, with which key, and what one unit of gas may cost at most."""

    opbnb_urls: tuple[str, ...]
    chain_id: int
    contract: bytes
    fee_max_wei: int
    signer: Signer = field(repr=False)


async def credit(database_url: str, settings: SignerSettings, stop: asyncio.Event) -> None:
    """Credit finished jobs until told to stop; only one of all running signers does at a time."""
    trouble = ""
    while not stop.is_set():
        try:
            async with Rpc(settings.opbnb_urls) as rpc, lease(database_url) as store:
                writer = ChainWriter(rpc, settings.signer, chain_id=settings.chain_id, contract=settings.contract)
                await _check_chain(rpc, settings)
                logger.info("credit.lease", signer=repr(settings.signer))
                crediting = Crediting(store, writer, clock=_now, fee_max_wei=settings.fee_max_wei)
                await _repeat(crediting, stop)
        except (psycopg.OperationalError, RpcError, LeaseTaken) as error:
            trouble = _complain(trouble, f"{type(error).__name__}: {error}")
            await pause(stop, TROUBLE_SECONDS)
        except KeyUsedByStranger as error:
            logger.error("credit.halted", reason=str(error), do="find out who uses the key, then restart the reactor")
            await stop.wait()


async def _repeat(crediting: Crediting, stop: asyncio.Event) -> None:
    trouble = ""
    while not stop.is_set():
        try:
            outcome = await crediting.step()
            trouble = _complain(trouble, outcome.reason if isinstance(outcome, Held) else outcome.refusal)
        except RpcError as error:
            trouble = _complain(trouble, f"{type(error).__name__}: {error}")
            await pause(stop, TROUBLE_SECONDS)
        await pause(stop, STEP_SECONDS)


async def _check_chain(rpc: Rpc, settings: SignerSettings) -> None:
    answered: Any = await rpc.ask(chain_id())
    if int(answered, 16) != settings.chain_id:
        raise RpcError(f"OPBNB_RPC_URL is of chain {int(answered, 16)}, not {settings.chain_id}: nothing is signed")


def _complain(trouble: str, reason: str) -> str:
    """Tell of a reason once, until it changes, and of its end; return it."""
    if reason and reason != trouble:
        logger.warning("credit.waits", reason=reason)
    if trouble and not reason:
        logger.info("credit.goes_on")
    return reason


def _now() -> datetime:
    return datetime.now(UTC)
