"""
An agent's line to NATS: through the door with a credential, to its own consumer and its own subject.

A line that breaks is not mended: it ends with `LineDown`, and the agent opens another.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error
from nats.js.client import JetStreamContext

from devnet.member import Credential
from models.values import checksum_address

STREAM = "JOBS"
LISTEN_SECONDS = 2.0
# Longer than the server waits for the program that decides about logins.
CONNECT_SECONDS = 7
ACKNOWLEDGE_SECONDS = 5.0
PING_SECONDS = 5


class LineDown(Exception):
    """There is no connection, or no longer."""


class TurnedAway(LineDown):
    """The server did not take the credential; perhaps it is no longer good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message from the agent's consumer: whether it was delivered before, and whether others wait behind it."""

    payload: bytes
    is_repeat: bool
    is_last: bool
    message: Msg


class Line:
    """A connection of one agent."""

    def __init__(self, client: Client, jobs: JetStreamContext.PullSubscription, *, reports_subject: str) -> None:
        self._client = client
        self._jobs = jobs
        self._jetstream = client.jetstream()
        self._reports_subject = reports_subject

    async def next_delivery(self) -> Delivery | None:
        """Return the next message that waits for the agent, or None when none comes in a while."""
        with _down():
            try:
                [message] = await self._jobs.fetch(1, timeout=LISTEN_SECONDS)
            except TimeoutError:
                return None
            about = message.metadata
        is_repeat, is_last = about.num_delivered > 1, about.num_pending == 0
        return Delivery(payload=message.data, is_repeat=is_repeat, is_last=is_last, message=message)

    async def report(self, payload: bytes) -> None:
        """Return when the server has stored a report."""
        with _down():
            await self._jetstream.publish(self._reports_subject, payload)

    async def acknowledge(self, delivery: Delivery) -> None:
        """Return when the server knows that a message was dealt with."""
        with _down():
            await delivery.message.ack_sync(timeout=ACKNOWLEDGE_SECONDS)


@asynccontextmanager
async def open_line(credential: Credential, provider: bytes) -> AsyncIterator[Line]:
    """Connect as a provider's agent. Raises `TurnedAway` or another `LineDown`."""
    client, address = Client(), checksum_address(provider)
    try:
        await _connect(client, credential, address)
        with _down():
            jobs = await client.jetstream().pull_subscribe_bind(address, stream=STREAM)
        yield Line(client, jobs, reports_subject=credential.status_subject)
    finally:
        await client.close()


async def _connect(client: Client, credential: Credential, address: str) -> None:
    try:
        await client.connect(
            credential.url.split(","),
            token=credential.token,
            name=f"agent-{address}",
            inbox_prefix=f"_INBOX_{address}",
            error_cb=_ignore,
            allow_reconnect=False,
            connect_timeout=CONNECT_SECONDS,
            ping_interval=PING_SECONDS,
        )
    except (Error, OSError) as error:
        where = urlsplit(credential.url).netloc.rpartition("@")[2]
        family = TurnedAway if "authorization" in str(error).lower() else LineDown
        raise family(f"agents cannot connect to NATS at {where}: {error or type(error).__name__}") from error
    finally:
        _heed_cancellation()


async def _ignore(error: Exception) -> None:
    """Errors that matter come back from the call that met them."""


@contextmanager
def _down() -> Iterator[None]:
    try:
        yield
    except (Error, OSError) as error:
        raise LineDown(f"agents lost NATS: {error or type(error).__name__}") from error
    finally:
        _heed_cancellation()


def _heed_cancellation() -> None:
    """End a task that was told to end: up to Python 3.11, `wait_for` in nats-py loses what comes with its answer."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
