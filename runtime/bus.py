"""
A connection to NATS.

Waits for the server a stated time and then says what it waited for; once connected it reconnects for ever, tells of
each outage once, and lets what is under way finish when it is closed. What goes over it is left to others.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import structlog
from nats.aio.client import Client
from nats.errors import Error

from runtime.embedded_nats import greets
from runtime.errors import CannotRun

DEFAULT_PORT = 4222
RECONNECT_PAUSE_SECONDS = 0.5
PING_SECONDS = 10
DRAIN_SECONDS = 2

logger = structlog.get_logger()


class BusUnreachable(CannotRun):
    """No connection to NATS within the stated time, or none that can be got back."""


class Bus:
    """One connection; `client` and `jetstream` are those of nats-py."""

    def __init__(self, url: str, *, program: str) -> None:
        self.client = Client()
        self.jetstream = self.client.jetstream(timeout=5.0)
        self._program = program
        self._servers = [each.strip() for each in url.split(",")]
        self._places = [_place(each) for each in self._servers]
        self._log = logger.bind(server=self.address)
        self._troubles: list[str] = []
        self._is_closing = False
        self._closed = asyncio.Event()

    async def connect(self) -> None:
        """Return when connected, however long that takes."""
        # Not left to nats-py, which waits long after each refusal. Over websockets nobody greets.
        if all(url.startswith("nats://") for url in self._servers):
            await _until_one_greets(self._places)
        try:
            await self._connect()
        except BaseException:
            await self.client.close()
            raise

    async def close(self) -> None:
        """Let messages under way finish where there is a connection, and end it."""
        self._is_closing = True
        with suppress(Error):
            await self.client.drain()
        await self.client.close()

    async def watch(self) -> None:
        """Raise `BusUnreachable` when the server has turned us away for good; never return."""
        await self._closed.wait()
        raise BusUnreachable(f"NATS at {self.address} closed our connection for good: {self.client.last_error}")

    @property
    def address(self) -> str:
        """Where the server is, without credentials."""
        return ",".join(f"{host}:{port}" for host, port in self._places)

    @property
    def trouble(self) -> str:
        """What has gone wrong since we were last connected, each cause once; empty when nothing has."""
        return "; ".join(self._troubles)

    async def _connect(self) -> None:
        await self.client.connect(
            self._servers,
            name=f"lamda-{self._program}",
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnected,
            reconnected_cb=self._on_reconnected,
            closed_cb=self._on_closed,
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_PAUSE_SECONDS,  # type: ignore[arg-type]  # It only ever sleeps so long.
            ping_interval=PING_SECONDS,
            max_outstanding_pings=2,
            drain_timeout=DRAIN_SECONDS,
        )

    async def _on_error(self, error: Exception) -> None:
        self._complain(f"{type(error).__name__}: {error}")

    async def _on_disconnected(self) -> None:
        self._complain("disconnected")

    async def _on_reconnected(self) -> None:
        self._troubles.clear()
        self._log.info("bus.reconnected")

    async def _on_closed(self) -> None:
        self._closed.set()

    def _complain(self, trouble: str) -> None:
        """Warn of each cause once, until the connection is back."""
        if trouble not in self._troubles and not self._is_closing:
            self._log.warning("bus.trouble", reason=trouble)
            self._troubles.append(trouble)


@asynccontextmanager
async def open_bus(url: str, *, program: str, wait_seconds: float = 15.0) -> AsyncIterator[Bus]:
    """Connect to the server or servers (comma-separated) at `url`; raise `BusUnreachable` after `wait_seconds`."""
    bus = Bus(url, program=program)
    try:
        async with asyncio.timeout(wait_seconds):
            await bus.connect()
    except TimeoutError:
        reason = bus.trouble or "nobody answers there as NATS does"
        raise BusUnreachable(
            f"no connection to NATS at {bus.address} within {wait_seconds:.0f} s: {reason}; check NATS_URL"
        ) from None
    try:
        yield bus
    finally:
        await bus.close()


async def _until_one_greets(places: Sequence[tuple[str, int]]) -> None:
    while not any([await greets(host, port) for host, port in places]):
        await asyncio.sleep(0.05)


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "localhost", parts.port or DEFAULT_PORT
