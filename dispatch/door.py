"""
Let agents in, each to its own subjects only.

NATS asks for everybody but ourselves; whoever shows the token of a credential that is good gets the permissions of its
provider, and nobody else gets anything. How long a login lasts is what bounds the life of one that is revoked: where a
`warden` ends such connections it is as long as the credential, else a few minutes.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import psycopg_pool
import structlog
from nats.aio.msg import Msg
from nats.errors import Error

from dispatch import route
from dispatch.callout import SUBJECT, Answers, LoginRequest, NotARequest, read_request
from dispatch.connection_values import login_name
from dispatch.credential_store import Barred, CredentialStore, Holder
from dispatch.floods import BARRED_FOR, Floods
from dispatch.streams import Streams
from models.values import checksum_address
from runtime.bus import Bus
from runtime.tally import Tally

QUEUE = "lamda-door"
"""Several reactors share the door: each login is answered by one."""

AT_ONCE = 8
UNWATCHED_LOGIN = timedelta(minutes=10)
"""How long a login lasts where nobody could end it."""

LOGINS_PER_MINUTE_MAX = 120
# An agent that comes back so soon after its login ended did not sign in anew: its connection was renewed.
RENEWED_WITHIN = timedelta(seconds=10)
TROUBLE = (psycopg.OperationalError, psycopg_pool.PoolTimeout, Error, TimeoutError)

logger = structlog.get_logger()


class Door:
    """The answer to who may connect; `watched` says whether a warden ends the connections of those revoked."""

    def __init__(
        self, bus: Bus, credentials: CredentialStore, streams: Streams, answers: Answers, *, watched: bool = False
    ) -> None:
        self._bus = bus
        self._credentials = credentials
        self._streams = streams
        self._answers = answers
        self._watched = watched
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._logins = Floods(limit=LOGINS_PER_MINUTE_MAX)
        self._ends: dict[str, datetime] = {}
        self._tally = Tally()

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
            if not isinstance(holder, Holder):
                return self._refuse(request, holder, now)
            if await self._floods(holder):
                return self._answers.refuse(request, "too many logins, try again later", now=now)
            await self._streams.ensure_consumer(holder.address)
            await self._note_sign_in(holder, now)
        except TROUBLE as error:
            self._tell("door.trouble", host=request.host, reason=f"{type(error).__name__}: {error}")
            return self._answers.refuse(request, "cannot look it up now, try again", now=now)
        return self._admit(request, holder, now)

    async def _floods(self, holder: Holder) -> bool:
        """Say whether an agent comes in too often, and bar it when it does."""
        if self._logins.note(holder.address):
            await self._credentials.bar(holder.address, "flood of logins", lasts=BARRED_FOR)
        return self._logins.is_ignored(holder.address)

    async def _note_sign_in(self, holder: Holder, now: datetime) -> None:
        """Write down that an agent signed in, unless its connection was only renewed."""
        ended = self._ends.pop(holder.credential, None)
        if ended is None or not timedelta(0) <= now - ended <= RENEWED_WITHIN:
            await self._credentials.note_sign_in(holder.address)

    def _admit(self, request: LoginRequest, holder: Holder, now: datetime) -> bytes:
        until = holder.expires_at
        if not self._watched:
            # In whole seconds, as the server counts them.
            until = min(until, now + UNWATCHED_LOGIN).replace(microsecond=0)
            self._ends = {name: ends for name, ends in self._ends.items() if now - ends <= RENEWED_WITHIN}
            self._ends[holder.credential] = until
        logger.info("door.admitted", provider=checksum_address(holder.address), until=until.isoformat("T", "seconds"))
        name, permissions = login_name(holder.address, holder.credential), route.permissions(holder.address)
        return self._answers.admit(request, name=name, permissions=permissions, until=until, now=now)

    def _refuse(self, request: LoginRequest, holder: Barred | None, now: datetime) -> bytes:
        if isinstance(holder, Barred):
            provider, until = checksum_address(holder.address), holder.until.isoformat("T", "minutes")
            self._tell("door.barred", provider=provider, until=until, reason=holder.reason)
            return self._answers.refuse(request, f"{provider} is barred until {until}: {holder.reason}", now=now)
        self._tell("door.refused", host=request.host, reason=_reason(request))
        return self._answers.refuse(request, _reason(request), now=now)

    def _tell(self, event: str, **details: str) -> None:
        """Warn, with how often it was so since the last warning."""
        if times := self._tally.note((event, *details.values())):
            logger.warning(event, **details, times=times)

    async def _attend(self, message: Msg) -> None:
        try:
            request = read_request(message.data)
        except NotARequest as error:
            self._tell("door.garbage", reason=str(error))
            return
        try:
            await message.respond(await self.answer(request))
        except Error as error:
            self._tell("door.trouble", host=request.host, reason=f"{type(error).__name__}: {error}")


def _reason(request: LoginRequest) -> str:
    return "this credential is unknown, revoked or has expired" if request.token else "no credential was shown"
