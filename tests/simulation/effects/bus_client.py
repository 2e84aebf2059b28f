"""What one simulated process has of the bus; it speaks as `runtime.bus.Bus` and nats-py do, as far as we use them."""

import asyncio
from collections.abc import Callable, Mapping
from contextvars import Context
from typing import Any, TypeVar

from nats.errors import TimeoutError as NatsTimeoutError

from tests.simulation.effects.bus import POLL_SECONDS, Bus, Stored
from tests.simulation.endpoint import shielded

Answer = TypeVar("Answer")


class BusClient:
    """A connection to the simulated server."""

    def __init__(self, bus: Bus, outside: Context, is_dead: Callable[[], bool], on_call: Callable[[], None]) -> None:
        self._bus = bus
        self._outside = outside
        self._is_dead = is_dead
        self._on_call = on_call
        self.client = self
        self.jetstream = self

    @property
    def is_connected(self) -> bool:
        """Whether the server is there."""
        return self._bus.is_up

    @property
    def outages(self) -> int:
        """How often the connection was lost."""
        return self._bus.outages

    async def publish(
        self, subject: str, payload: bytes = b"", headers: Mapping[str, str] | None = None, **_: Any
    ) -> Any:
        """Publish to a stream and wait for its word."""
        return await self._call(lambda: self._bus.publish(subject, payload, headers or {}))

    async def stream_info(self, name: str) -> Any:
        """Ask for a stream."""
        return await self._call(lambda: self._bus.info(name))

    async def add_stream(self, config: Any) -> Any:
        """Make a stream."""
        return await self._call(lambda: self._bus.add_stream(config))

    async def consumer_info(self, stream: str, name: str) -> Any:
        """Ask for a consumer."""
        return await self._call(lambda: self._bus.info(stream, name))

    async def add_consumer(self, stream: str, config: Any) -> Any:
        """Make a consumer."""
        return await self._call(lambda: self._bus.add_consumer(stream, config))

    async def pull_subscribe_bind(self, consumer: str, stream: str) -> "Subscription":
        """Return who fetches for a consumer."""
        return Subscription(self, stream, consumer)

    async def fetch(self, stream: str, consumer: str, limit: int, *, within: float) -> list[Stored]:
        """Wait for messages. Raises nats-py's `TimeoutError` when none came."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while True:
            found: list[Stored] = await self._call(lambda: self._bus.take(stream, consumer, limit))
            if found:
                return found
            if loop.time() >= deadline:
                raise NatsTimeoutError
            await asyncio.sleep(POLL_SECONDS)

    async def tell(self, what: Callable[[str, str, int], None], stream: str, consumer: str, sequence: int) -> None:
        """Say something of a message, to which there is no answer: it may be lost, and nobody knows."""
        if self._is_dead():
            raise asyncio.CancelledError
        self._on_call()
        if self._bus.is_up:
            what(stream, consumer, sequence)

    async def _call(self, action: Callable[[], Answer]) -> Answer:
        if self._is_dead():
            raise asyncio.CancelledError
        served: asyncio.Task[Answer] = asyncio.get_running_loop().create_task(
            self._bus.serve(action), context=self._outside.copy()
        )
        self._on_call()
        answer: Answer = await shielded(served)
        return answer


class Subscription:
    """Who fetches for one consumer."""

    def __init__(self, client: BusClient, stream: str, consumer: str) -> None:
        self._client = client
        self._place = (stream, consumer)

    async def fetch(self, batch: int = 1, timeout: float | None = None) -> list["Message"]:  # noqa: ASYNC109
        """Return up to so many messages."""
        found = await self._client.fetch(*self._place, batch, within=timeout or 5.0)
        return [Message(self._client, self._place, each) for each in found]

    async def unsubscribe(self) -> None:
        """Fetch no more."""


class Message:
    """A message that was handed out."""

    def __init__(self, client: BusClient, place: tuple[str, str], stored: Stored) -> None:
        self._client = client
        self._place = place
        self._stored = stored
        self.subject = stored.subject
        self.data = stored.data
        self.headers = dict(stored.headers)

    async def ack(self) -> None:
        """Have it handed out no more."""
        await self._client.tell(self._client._bus.acknowledge, *self._place, self._stored.sequence)

    async def nak(self, **_: Any) -> None:
        """Have it handed out again."""
        await self._client.tell(self._client._bus.give_back, *self._place, self._stored.sequence)
