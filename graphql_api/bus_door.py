"""
Answer queries over NATS: `nodes.query` and `jobs.query`, request and reply.

Several processes share the work as one queue group. Whatever goes wrong with a question, whoever asked is told; and
whatever goes wrong with NATS is waited out here and touches nothing else.

Answers go to inboxes only: what we send, we send with our own rights, and a question may name any subject for it.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg
import structlog
from nats.aio.msg import Msg
from nats.errors import Error

from graphql_api import plain_queries
from graphql_api.errors import Declined
from graphql_api.plain import Failure, show_jobs, show_providers
from graphql_api.questions import Given, Question, jobs_asked, providers_asked, read_message
from graphql_api.snapshot import Snapshot
from runtime.bus import Bus, BusUnreachable, open_bus
from runtime.database import Pool
from runtime.lifecycle import heed_cancellation
from runtime.tally import Tally

QUEUE = "lamda-api"
AT_ONCE = 4
"""Questions of one subject that this process works on at the same time."""

RETRY_SECONDS = 2.0
SILENT_SECONDS = 5.0
"""How long nobody may answer at NATS_URL before we say that we wait."""

INBOX = re.compile(r"_INBOX(_[^.]*)?\.")

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A subject to ask on: how its questions are read, and how its answers are found and shown."""

    name: str
    read: Callable[[Given], Question]
    find: Callable[[Snapshot, Question], Awaitable[list[Any]]]
    show: Callable[[list[Any]], msgspec.Struct]


SUBJECTS = (
    Subject(name="nodes.query", read=providers_asked, find=plain_queries.providers, show=show_providers),
    Subject(name="jobs.query", read=jobs_asked, find=plain_queries.jobs, show=show_jobs),
)


class BusDoor:
    """The queries that this process answers over NATS."""

    def __init__(self, url: str, pool: Pool) -> None:
        self._url = url
        self._pool = pool
        self._tally = Tally()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer in the background, whenever NATS is there."""
        answering = asyncio.create_task(self._run())
        try:
            yield
        finally:
            answering.cancel()
            with suppress(asyncio.CancelledError):
                await answering

    async def answer(self, subject: Subject, payload: bytes) -> msgspec.Struct:
        """Return the answer to a question, or what kept us from it."""
        try:
            rows = await self._find(subject, subject.read(read_message(payload)))
        except Declined as error:
            return Failure(error=error.message)
        except psycopg.Error:
            reference = secrets.token_hex(4)
            logger.exception("bus_door.internal_error", subject=subject.name, reference=reference)
            return Failure(error=f"internal error (the log has it under {reference})")
        return subject.show(rows)

    async def _run(self) -> None:
        trouble = ""
        while True:
            try:
                await self._serve()
            except (BusUnreachable, Error, OSError) as error:
                if str(error) != trouble:
                    logger.warning("bus_door.waits", reason=f"{type(error).__name__}: {error}")
                trouble = str(error)
            except Exception:
                # Raised on to where the program stops, but said now, when answers stop.
                logger.exception("bus_door.failed")
                raise
            heed_cancellation()
            await asyncio.sleep(RETRY_SECONDS)

    async def _serve(self) -> None:
        async with open_bus(self._url, program="api", wait_seconds=SILENT_SECONDS) as bus:
            for subject in SUBJECTS:
                # Each subscription works on one message at a time, and the server deals them out.
                for _ in range(AT_ONCE):
                    await bus.client.subscribe(subject.name, queue=QUEUE, cb=self._attend(bus, subject))
            await bus.client.flush()
            logger.info("bus_door.open", server=bus.address)
            await bus.watch()

    def _attend(self, bus: Bus, subject: Subject) -> Callable[[Msg], Awaitable[None]]:
        async def attend(message: Msg) -> None:
            if not INBOX.match(message.reply):
                if message.reply and (times := self._tally.note(subject.name)):
                    logger.warning("bus_door.refused", subject=subject.name, reply=message.reply[:80], times=times)
                return
            try:
                answer = await self.answer(subject, message.data)
            except Exception:
                # Whoever waits is told; the bus tells the log.
                await message.respond(_packed(Failure(error="internal error")))
                raise
            packed = _packed(answer)
            if len(packed) > bus.client.max_payload:
                packed = _packed(Failure(error="the answer is too large for NATS: ask for less by limit"))
            await message.respond(packed)

        return attend

    async def _find(self, subject: Subject, question: Question) -> list[Any]:
        snapshot = Snapshot(self._pool)
        try:
            return await subject.find(snapshot, question)
        finally:
            await snapshot.close()


def _packed(answer: msgspec.Struct) -> bytes:
    return msgspec.json.encode(answer)
