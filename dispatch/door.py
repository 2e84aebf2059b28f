"""
Let agents in, each to its own subjects only.

NATS asks for everybody but ourselves; whoever shows the token of a credential that has not expired gets the
permissions of its provider until it expires, and nobody else gets anything.
"""

import asyncio
from datetime import UTC, datetime

import psycopg
import psycopg_pool
import structlog
from nats.aio.msg import Msg
from nats.errors import Error

from dispatch import route
from dispatch.callout import SUBJECT, Answers, LoginRequest, NotARequest, read_request
from dispatch.credential_store import CredentialStore, Holder
from dispatch.streams import Streams
from models.values import checksum_address
from runtime.bus import Bus

QUEUE = "lamda-door"
"""Several reactors share the door: each login is answered by one."""

AT_ONCE = 8
TROUBLE = (psycopg.OperationalError, psycopg_pool.PoolTimeout, Error, TimeoutError)

logger = structlog.get_logger()


class Door:
    """The answer to who may connect."""

    def __init__(self, bus: Bus, credentials: CredentialStore, streams: Streams, answers: Answers) -> None:
        self._bus = bus
        self._credentials = credentials
        self._streams = streams
        self._answers = answers
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def run(self, stop: asyncio.Event) -> None:
        """Answer logins until told to stop."""
        async with asyncio.TaskGroup() as group:

            async def begin(message: Msg) -> None:
                await self._at_once.acquire()
                group.create_task(self._attend(message)).add_done_callback(lambda _: self._at_once.release())

            subscription = await self._bus.client.subscribe(SUBJECT, queue=QUEUE, cb=begin)
            logger.info("door.open")
            await stop.wait()
            await subscription.unsubscribe()

    async def answer(self, request: LoginRequest) -> bytes:
        """Return the signed answer to one login."""
        now = datetime.now(UTC)
        try:
            holder = await self._credentials.holder(request.token) if request.token else None
            if holder is None:
                logger.warning("door.refused", host=request.host, reason=_reason(request))
                return self._answers.refuse(request, _reason(request), now=now)
            await self._streams.ensure_consumer(holder.address)
        except TROUBLE as error:
            logger.warning("door.trouble", host=request.host, reason=f"{type(error).__name__}: {error}")
            return self._answers.refuse(request, "cannot look it up now, try again", now=now)
        return self._admit(request, holder, now)

    def _admit(self, request: LoginRequest, holder: Holder, now: datetime) -> bytes:
        address = checksum_address(holder.address)
        logger.info("door.admitted", provider=address, until=holder.expires_at.isoformat(timespec="seconds"))
        permissions = route.permissions(holder.address)
        return self._answers.admit(request, name=address, permissions=permissions, until=holder.expires_at, now=now)

    async def _attend(self, message: Msg) -> None:
        try:
            request = read_request(message.data)
        except NotARequest as error:
            logger.warning("door.garbage", reason=str(error))
            return
        try:
            await message.respond(await self.answer(request))
        except Error as error:
            logger.warning("door.trouble", host=request.host, reason=f"{type(error).__name__}: {error}")


def _reason(request: LoginRequest) -> str:
    return "this credential is unknown or has expired" if request.token else "no credential was shown"
