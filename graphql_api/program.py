"""
Serve the application until told to stop.

The face calls `serve` with settings it has loaded and a database it has checked. Stopping takes seconds at most,
whoever is still connected: subscriptions are closed, answers under way are finished.
"""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
import uvicorn
from starlette.applications import Starlette

from graphql_api.account_store import AccountStore
from graphql_api.admin_store import AdminStore
from graphql_api.app import create_app
from graphql_api.broadcast import Broadcast
from graphql_api.bus_door import BusDoor
from graphql_api.charging import Quotas
from graphql_api.joined_writes import JoiningProtocol
from graphql_api.lines import open_lines
from graphql_api.readiness import Patience
from graphql_api.reading import World
from graphql_api.sign_in import Terms
from graphql_api.spec_store import SpecStore
from graphql_api.statistics import Statistics
from graphql_api.wallet_check import wallet_check
from models.values import Chain
from runtime.database import Pool, open_pool
from runtime.garbage import collected_seldom
from runtime.limit_settings import LimitSettings
from runtime.live_settings import LiveSettings
from runtime.metrics_settings import MetricsSettings
from runtime.ports import ensure_free
from runtime.settings import AccountSettings, ApiSettings, load

logger = structlog.get_logger()

STOP_SECONDS = 3
"""How long answers under way may take once we stop."""

UNREAD_SECONDS = 30
"""How long a client may leave unread what it was sent before its connection is cut."""


async def serve(
    settings: ApiSettings,
    *,
    database_url: str,
    accounts: AccountSettings | None = None,
    limits: LimitSettings | None = None,
    live: LiveSettings | None = None,
    looks: MetricsSettings | None = None,
    nats_url: str | None = None,
    connect_timeout_seconds: float = 30.0,
    shows_internal_errors: bool = False,
    stop: asyncio.Event | None = None,
    on_started: Callable[[str], None] | None = None,
) -> None:
    """
    Serve until `stop` is set, or until SIGTERM or SIGINT when there is none; `on_started` is told the URL.

    Queries over NATS are answered where `nats_url` says that there is one, whenever it is there.

    Raises `PortInUse` when the port is taken and `DatabaseUnreachable` when Postgres does not answer in time.
    """
    ensure_free(settings.api_host, settings.api_port, "API_PORT")
    async with (
        open_world(
            settings,
            database_url=database_url,
            accounts=accounts,
            limits=limits,
            live=live,
            nats_url=nats_url,
            wait_seconds=connect_timeout_seconds,
        ) as world,
        nullcontext() if nats_url is None else BusDoor(nats_url, world.pool).running(),
    ):
        app = create_app(world, shows_internal_errors=shows_internal_errors, looks=looks)
        with _listen(settings) as listening, _until(stop) as stopping:
            url = _url(listening)
            async with collected_seldom():
                await _run(_Server(app, world.limits, lambda: _announce(url, on_started)), listening, stopping)
    logger.info("api.stopped", url=url)


@asynccontextmanager
async def open_world(
    settings: ApiSettings,
    *,
    database_url: str,
    accounts: AccountSettings | None = None,
    limits: LimitSettings | None = None,
    live: LiveSettings | None = None,
    nats_url: str | None = None,
    wait_seconds: float = 30.0,
) -> AsyncIterator[World]:
    """
    Open what all operations share: connections to Postgres, and the one reader of the change feed.

    Who may sign in, what we put up with and how much may be live is read from the environment unless `accounts`,
    `limits` and `live` say it.
    """
    accounts = accounts or load(AccountSettings)[0]
    limits = limits or load(LimitSettings)[0]
    live = live or load(LiveSettings)[0]
    broadcast, patience = Broadcast(database_url), Patience.of(settings)
    async with (
        _pool(settings, database_url, wait_seconds) as pool,
        broadcast.running(),
        Statistics.over(pool, broadcast, patience) as statistics,
        wallet_check(accounts) as wallets,
        open_lines(pool) as lines,
    ):
        yield World(
            pool=pool,
            lines=lines,
            broadcast=broadcast,
            statistics=statistics,
            patience=patience,
            explorers=_explorers(settings),
            terms=Terms.of(accounts, settings),
            accounts=AccountStore(pool),
            specs=SpecStore(pool, waiting_max=settings.api_waiting_specs_max),
            admin=AdminStore(pool),
            agents_url=agents_url(accounts.nats_public_url, nats_url),
            wallets=wallets,
            quotas=Quotas.of(limits, pool),
            limits=limits,
            live=live,
            offline_after=timedelta(seconds=settings.provider_offline_after_seconds),
        )


def _pool(settings: ApiSettings, database_url: str, wait_seconds: float) -> AbstractAsyncContextManager[Pool]:
    return open_pool(
        database_url,
        program="api",
        size=settings.api_database_connections,
        wait_seconds=wait_seconds,
        statement_timeout_seconds=settings.api_statement_timeout_seconds,
    )


def _explorers(settings: ApiSettings) -> Mapping[str, str]:
    told = {Chain.BSC: settings.bsc_explorer_url, Chain.OPBNB: settings.opbnb_explorer_url}
    return {chain.value: url for chain, url in told.items() if url is not None}


def agents_url(public: Sequence[str] | None, ours: str | None) -> str | None:
    """Return where agents find NATS: as the setting says, else where we find it, without our password."""
    if public is not None:
        return ",".join(public)
    return None if ours is None else ",".join(map(_without_credentials, ours.split(",")))


def _without_credentials(url: str) -> str:
    parts = urlsplit(url.strip())
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _listen(settings: ApiSettings) -> socket.socket:
    address = (settings.api_host, settings.api_port)
    [(family, kind, protocol, _, resolved), *_] = socket.getaddrinfo(*address, proto=socket.IPPROTO_TCP)
    # The protocol is named because asyncio sends small packets at once only on sockets that say they are TCP;
    # without it each answer waits 40 ms for an acknowledgement.
    listening = socket.socket(family, kind, protocol)
    if sys.platform == "linux":
        # A client that reads nothing at all would keep a connection that we have closed open for as long as it likes.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(resolved)
    return listening


class _Server(uvicorn.Server):
    """uvicorn without a hand on signals: they belong to the program, which may be more than this server."""

    def __init__(self, app: Starlette, limits: LimitSettings, on_started: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=JoiningProtocol,
                ws="websockets-sansio",
                # 36 KiB for each connection, and more time than everything else about a small message.
                ws_per_message_deflate=False,
                ws_max_size=limits.api_frame_bytes_max,
                # Who is not named may say what it likes about the client it asks for, and is that client itself.
                proxy_headers=bool(limits.api_trusted_proxies),
                forwarded_allow_ips=[*limits.api_trusted_proxies],
                server_header=False,
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        self._on_started = on_started
        self._app = app

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; streams, which nobody else would end, are ended first."""
        self._app.state.live.stop()
        await super().shutdown(sockets)


async def _run(server: _Server, listening: socket.socket, stop: asyncio.Event) -> None:
    """Serve until the event is set or we are cancelled; in both cases stop in order."""
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        server.should_exit = True
        await serving


@contextmanager
def _until(stop: asyncio.Event | None) -> Iterator[asyncio.Event]:
    """Yield the event that ends us: the caller's, or one that signals set."""
    if stop is not None:
        yield stop
        return
    loop, signalled = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signalled.set)
    try:
        yield signalled
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _announce(url: str, on_started: Callable[[str], None] | None) -> None:
    logger.info("api.started", url=url)
    if on_started is not None:
        on_started(url)


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"
