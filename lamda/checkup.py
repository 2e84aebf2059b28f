"""
See how the system is from where this command runs, and hand it to `diagnose`.

Nothing stops the checkup: what cannot be seen becomes a finding of its own, and what stands on it is not checked.
"""

import asyncio
import platform
from collections.abc import Mapping
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nats.errors import Error as BusError

from chain.calls import Call
from chain.errors import RpcError
from chain.rpc import Rpc
from chain.views import view
from indexer.program import Source
from lamda import checkup_settings, diagnose
from lamda.appraise import appraise
from lamda.checkup_database import see_database
from lamda.checkup_queries import MadeFor
from lamda.checkup_settings import Loaded
from lamda.checkup_values import BusSeen, ChainExpected, Finding, Verdict, WalletSeen
from lamda.databases import POSTGRES, Opened, opened
from lamda.endpoint_checkup import look_at
from lamda.signing_key import signer_of
from lamda.sources import sources
from models.values import Chain, parse_address, show_bytes
from runtime.bus import open_bus
from runtime.errors import CannotRun
from runtime.settings import BusSettings, CommonSettings, IndexerSettings, ReactorSettings, load

PATIENCE_SECONDS = 5.0
"""How long anything may take to answer here; the programs themselves wait longer."""


async def check_up(data: Path) -> list[Finding]:
    """Return what was found, subject by subject."""
    async with AsyncExitStack() as stack:
        place = await _open(stack, data)
        world = place.world if isinstance(place, Opened) else None
        loaded, settings = checkup_settings.read(with_chains=world is None)
        database = await see_database(place, wait_seconds=PATIENCE_SECONDS)
        found = {each: _source(loaded, each, place) for each in Chain}
        chains = [_see_chain(each, source, database.made_for) for each, source in found.items()]
        seen = await asyncio.gather(*chains, _see_wallet(loaded, found[Chain.OPBNB]), _see_bus(loaded))
        findings = [_versions(), *diagnose.diagnose_settings(settings), *database.findings]
        return findings + [finding for part in seen for finding in part]


def _versions() -> Finding:
    text = f"lamda-network {version('lamda-network')} on Python {platform.python_version()}, {platform.machine()}"
    return Finding(subject="versions", verdict=Verdict.WELL, text=text)


async def _open(stack: AsyncExitStack, data: Path) -> Opened | Finding:
    """Return the database to look at, or why there is none; nothing is made that is not there."""
    try:
        (common,) = load(CommonSettings)
    except CannotRun:
        return _skipped("database", "the settings that name it cannot be read")
    if common.database_url is None and not (data / POSTGRES).exists():
        return _skipped("database", f"DATABASE_URL is unset, and no embedded server was ever started in {data}")
    try:
        return await stack.enter_async_context(opened(common, data))
    except CannotRun as error:
        return Finding(subject="database", verdict=Verdict.FAILED, text=str(error), remedy="or set DATABASE_URL")


def _source(loaded: Loaded, chain: Chain, place: Opened | Finding) -> Source | None:
    """Return where a chain is, or None where the settings that say so are wrong, which is a finding already."""
    indexer = loaded.of(IndexerSettings)
    try:
        world = place.world if isinstance(place, Opened) else None
        return None if indexer is None else sources([chain], indexer, world=world)[0]
    except CannotRun:
        return None


async def _see_chain(chain: Chain, source: Source | None, made_for: Mapping[Chain, MadeFor]) -> list[Finding]:
    if source is None:
        return [_skipped(chain, "the settings that name its endpoints and its contract are missing or wrong")]
    followed, made = source.followed, made_for.get(chain)
    expected = ChainExpected(
        chain=chain,
        chain_id=followed.chain_id,
        contract=followed.contract,
        contract_name=followed.contract_name,
        start_block=followed.start_block,
        next_block=followed.start_block if made is None else made.indexed + 1,
        genesis=None if made is None else made.genesis,
        final=None if made is None else made.final,
    )
    async with Rpc(source.urls, timeout_seconds=PATIENCE_SECONDS) as rpc:
        seen = await asyncio.gather(*(look_at(each, followed, expected.final) for each in rpc.endpoints))
    return appraise(expected, seen)


async def _see_wallet(loaded: Loaded, source: Source | None) -> list[Finding]:
    reactor: ReactorSettings | None = loaded.of(ReactorSettings)
    if reactor is None or source is None:
        return [_skipped("wallet", "settings that it needs are missing or wrong")]
    if not checkup_settings.names_key(reactor):
        return [_skipped("wallet", "no setting names a key here, and only the reactor (`lamda react`) needs one")]
    try:
        address = signer_of(reactor).address
        async with Rpc(source.urls, chain_id=source.followed.chain_id, timeout_seconds=PATIENCE_SECONDS) as rpc:
            return diagnose.diagnose_wallet(await _wallet(rpc, source.followed.contract, address))
    except CannotRun as error:
        remedy = "give the key in one of the three ways that .env.example shows"
        return [Finding(subject="wallet", verdict=Verdict.FAILED, text=str(error), remedy=remedy)]
    except (RpcError, ValueError) as error:
        return [_skipped("wallet", f"no endpoint of opBNB tells of it: {error}")]


async def _wallet(rpc: Rpc, contract: bytes, address: bytes) -> WalletSeen:
    shown = show_bytes(address)
    head = int(await rpc.ask(Call("eth_blockNumber", (), str)), 16)
    owner, balance, price, mined, waiting = await rpc.batch(
        [
            view("NodeReputation", contract, "owner", at=head),
            Call("eth_getBalance", (shown, "latest"), str),
            Call("eth_gasPrice", (), str),
            Call("eth_getTransactionCount", (shown, "latest"), str),
            Call("eth_getTransactionCount", (shown, "pending"), str),
        ]
    )
    return WalletSeen(
        address=address,
        owner=parse_address("0x" + owner[-40:]) if len(owner) == 66 else bytes(20),
        balance=int(balance, 16),
        gas_price=int(price, 16),
        pending=max(0, int(waiting, 16) - int(mined, 16)),
    )


async def _see_bus(loaded: Loaded) -> list[Finding]:
    settings: BusSettings | None = loaded.of(BusSettings)
    if settings is None or settings.nats_url is None:
        return [_skipped("bus", "NATS_URL is unset: an embedded server is started with the programs that need it")]
    try:
        async with open_bus(",".join(settings.nats_url), program="doctor", wait_seconds=PATIENCE_SECONDS) as bus:
            known = bus.client.connected_server_version
            return diagnose.diagnose_bus(
                BusSeen(place=bus.address, version=str(known), streams_said=await _streams_said(bus.jetstream))
            )
    except CannotRun as error:
        remedy = "start it, or set NATS_URL right"
        return [Finding(subject="bus", verdict=Verdict.FAILED, text=str(error), remedy=remedy)]


async def _streams_said(jetstream: Any) -> str | None:
    try:
        await jetstream.account_info()
    except BusError as error:
        return str(error) or type(error).__name__
    return None


def _skipped(subject: str, text: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.SKIPPED, text=text)
