"""
Take in what agents report.

Each message is answered for exactly once: believed and committed, or refused with a line in the log and counted. Only
then is it acknowledged; so nothing that was said while we were away is lost, and saying it twice changes nothing.
Agents' own subjects and the two shared ones are read side by side. Of an agent that floods the rest is dropped unread.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

import structlog
from nats.aio.msg import Msg
from nats.errors import Error

from dispatch import judge
from dispatch.decode import PAYLOAD_MAX, Unreadable, decode, owner, sender_of
from dispatch.floods import Floods
from dispatch.job_values import Report
from dispatch.judge import Accepted, Judgement, Refusal, Refused
from dispatch.refusal_store import Refusing
from dispatch.report_store import ReportStore
from dispatch.streams import PullSubscription, Streams
from models.values import show_bytes
from runtime.lifecycle import heed_cancellation
from runtime.tally import Tally

BATCH = 50
SHOWN_MAX = 120
REFUSED_PER_MINUTE_MAX = 300

Bar = Callable[[bytes, str], Awaitable[None]]

logger = structlog.get_logger()


class Intake:
    """
    Reports from the bus into Postgres; when `insecure`, those without a token are believed too.

    `bar` is told of an agent that floods its own subject, and why.
    """

    def __init__(self, store: ReportStore, streams: Streams, *, insecure: bool = False, bar: Bar | None = None) -> None:
        self._store = store
        self._streams = streams
        self._judge = partial(judge.judge, insecure=insecure)
        self._bar = bar
        self._floods = Floods(limit=REFUSED_PER_MINUTE_MAX)
        self._tally = Tally()
        self.refused: Counter[Refusal] = Counter()
        self.accepted = 0
        self._uncounted: Counter[Refusing] = Counter()

    async def run(self, stop: asyncio.Event) -> None:
        """Take in reports until told to stop."""
        await self._streams.ensure()
        own, shared = await self._streams.reports(), await self._streams.shared_reports()
        reading = [asyncio.create_task(self._read(each, stop)) for each in (own, shared)]
        try:
            await asyncio.gather(*reading)
        finally:
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)
            for subscription in (own, shared):
                with suppress(Error):
                    await subscription.unsubscribe()

    async def _read(self, reports: PullSubscription, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.step(reports)
            heed_cancellation()

    async def step(self, reports: PullSubscription, *, wait_seconds: float = 1.0) -> int:
        """Deal with the reports that are there, or come within so many seconds; return how many they were."""
        try:
            messages = await reports.fetch(BATCH, timeout=wait_seconds)
        except TimeoutError:  # Nothing came.
            messages = []
        for at, message in enumerate(messages):
            try:
                await self.take(message.subject, message.data)
            except BaseException:
                await _give_back(messages[at:])
                raise
            await message.ack()
        await self._count()
        return len(messages)

    async def take(self, subject: str, payload: bytes) -> Judgement:
        """Believe or refuse one message."""
        sender = owner(subject)
        if sender is not None and self._floods.is_ignored(sender):
            return self._refuse(subject, Refusal.FLOOD, details="dropped unread")
        judgement = await self._judged(subject, payload)
        if sender is not None and isinstance(judgement, Refused) and self._floods.note(sender):
            logger.warning("report.flood", subject=subject, refused=REFUSED_PER_MINUTE_MAX)
            if self._bar is not None:
                await self._bar(sender, f"flood: {REFUSED_PER_MINUTE_MAX:,} reports refused within a minute")
        return judgement

    async def _judged(self, subject: str, payload: bytes) -> Judgement:
        if len(payload) > PAYLOAD_MAX:
            return self._refuse(subject, Refusal.OVERSIZED, details=f"{len(payload)} bytes, {PAYLOAD_MAX} at most")
        try:
            report = decode(subject, payload)
        except Unreadable as error:
            return self._refuse(subject, Refusal.UNREADABLE, details=str(error)[:SHOWN_MAX])
        judgement = await self._store.take(report, self._judge)
        if isinstance(judgement, Refused):
            return self._refuse(subject, judgement.reason, details=_shown(report))
        return self._accept(report, judgement)

    async def _count(self) -> None:
        """Write down what was refused since the last time, or keep it for the next where that fails."""
        counting, self._uncounted = self._uncounted, Counter()
        if not counting:
            return
        try:
            await self._store.refusals.add(counting)
        except BaseException:
            self._uncounted += counting
            raise

    def _accept(self, report: Report, judgement: Accepted) -> Judgement:
        self.accepted += 1
        logger.info("report.accepted", job=show_bytes(report.job_id), said=report.said, attempt=judgement.attempt)
        return judgement

    def _refuse(self, subject: str, reason: Refusal, *, details: str) -> Judgement:
        self.refused[reason] += 1
        self._uncounted[Refusing(reason, sender_of(subject))] += 1
        if times := self._tally.note((subject, reason)):
            shown = subject[:SHOWN_MAX]
            logger.warning("report.refused", reason=reason.value, subject=shown, details=details, times=times)
        return Refused(reason=reason)


async def _give_back(messages: Sequence[Msg]) -> None:
    """Have what we did not deal with come again at once, and not only when it is found unacknowledged."""
    for message in messages:
        with suppress(Error):
            await message.nak()


def _shown(report: Report) -> str:
    return f"{report.said} on job {show_bytes(report.job_id)}"
