"""Every kind of bad report is refused for its own reason, counted by who sent it, and leaves every table as it was."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from psycopg.errors import UndefinedTable
from structlog.testing import capture_logs

from dispatch.decode import PAYLOAD_MAX
from dispatch.dispatcher import Dispatcher
from dispatch.intake import Intake
from dispatch.judge import Refusal, Refused
from dispatch.refusal_store import KEPT, RefusalStore, Refusing
from dispatch.streams import Streams
from models.values import checksum_address
from runtime.bus import Bus
from tests.integration.dispatch.agency import FINAL, Market
from tests.integration.indexer.tables import Contents, everything

UNANSWERED, TWICE, DONE, UNSENT, SETTLED = range(1, 6)
NEVER_CREATED = 99


@dataclass(frozen=True, kw_only=True)
class Bad:
    """One bad report, why it is refused, and who is counted as its sender: a provider's number, or a subject."""

    reason: Refusal
    subject: str | int = 5
    job: int = UNANSWERED
    attempt: int | None = 1
    word: str = "completed"
    payload: bytes | None = None


CASES = {
    "no JSON": Bad(reason=Refusal.UNREADABLE, payload=b"\xff\0"),
    "nothing": Bad(reason=Refusal.UNREADABLE, payload=b""),
    "a list": Bad(reason=Refusal.UNREADABLE, payload=b"[]"),
    "too deep": Bad(reason=Refusal.UNREADABLE, payload=b"[" * PAYLOAD_MAX),
    "an unknown word": Bad(reason=Refusal.UNREADABLE, word="cancelled"),
    "no job": Bad(reason=Refusal.UNREADABLE, payload=b'{"status": "completed", "jobId": "1"}'),
    "garbage on a shared subject": Bad(reason=Refusal.UNREADABLE, subject="agent.status", payload=b"{"),
    "too large": Bad(reason=Refusal.OVERSIZED, payload=b" " * (PAYLOAD_MAX + 1)),
    "a job that nobody created": Bad(reason=Refusal.UNKNOWN_JOB, job=NEVER_CREATED),
    "another's job, with its token": Bad(reason=Refusal.NOT_ITS_PROVIDER, subject=6),
    "a job that was never handed out": Bad(reason=Refusal.NOT_DISPATCHED, job=UNSENT, attempt=None),
    "no token": Bad(reason=Refusal.NO_TOKEN, attempt=None),
    "no token on a shared subject": Bad(reason=Refusal.NO_TOKEN, subject="jobs.status.updates", attempt=None),
    "the token of another job": Bad(reason=Refusal.WRONG_TOKEN, job=TWICE, attempt=-1),
    "a stale attempt": Bad(reason=Refusal.STALE, job=TWICE, attempt=1),
    "said before": Bad(reason=Refusal.REPEATED, job=TWICE, attempt=2, word="processing"),
    "an outcome said before": Bad(reason=Refusal.REPEATED, job=DONE),
    "another outcome": Bad(reason=Refusal.BACKWARDS, job=DONE, word="failed"),
    "back to running": Bad(reason=Refusal.BACKWARDS, job=DONE, word="processing"),
    "after the chain's word": Bad(reason=Refusal.LATE, job=SETTLED, word="failed"),
}


@pytest.fixture
async def busy(market: Market, dispatcher: Dispatcher, intake: Intake) -> Market:
    """A market with a job in each state that matters."""
    await market.open_jobs(TWICE)
    await dispatcher.step()
    await market.age(31)
    await dispatcher.step()
    await market.open_jobs(UNANSWERED, DONE, SETTLED)
    await dispatcher.step()
    await market.open_jobs(UNSENT, with_spec=False)
    for good in (Bad(reason=Refusal.LATE, job=TWICE, attempt=2, word="processing"), Bad(reason=Refusal.LATE, job=DONE)):
        await intake.take(*await message(market, good))
    await market.world.confirm(SETTLED.to_bytes(32))
    await market.world.bsc.mine(FINAL)
    await market.index.settle()
    return market


async def message(market: Market, bad: Bad) -> tuple[str, bytes]:
    """Return the subject and the payload of a report."""
    subject = bad.subject
    if isinstance(subject, int):
        subject = f"agents.{checksum_address(market.provider(subject))}.status"
    if bad.payload is not None:
        return subject, bad.payload
    body: dict[str, Any] = {"jobId": f"0x{bad.job:064x}", "status": bad.word}
    if bad.attempt == -1:
        body["token"] = await market.token(UNANSWERED.to_bytes(32))
    elif bad.job == NEVER_CREATED:
        body["token"] = "guess"
    elif bad.attempt is not None:
        body["token"] = await market.token(bad.job.to_bytes(32), bad.attempt)
    return subject, json.dumps(body).encode()


async def others(market: Market) -> Contents:
    """Return every table but the one that counts refusals."""
    return {name: rows for name, rows in (await everything(market.pool)).items() if name != "refusals"}


async def test_each_bad_report_is_refused_for_its_reason_and_changes_nothing(
    busy: Market, intake: Intake, bus: Bus
) -> None:
    reports = await Streams(bus).reports()
    before = await others(busy)
    with capture_logs() as logs:
        for name, bad in CASES.items():
            await busy.ask("delete from refusals")

            assert await intake.take(*await message(busy, bad)) == Refused(reason=bad.reason), name

            await intake.step(reports, wait_seconds=0.02)
            sender = checksum_address(busy.provider(bad.subject)) if isinstance(bad.subject, int) else bad.subject
            counted = await busy.ask("select reason, sender, count from refusals")
            assert counted == [(bad.reason.value, sender, 1)], name
            assert await others(busy) == before, name
    reasons = {bad.reason for bad in CASES.values()}
    # A flood is told by how often, not by what is in one report.
    assert reasons == {reason for reason in Refusal if reason.name != "FLOOD"}
    assert reasons == {log["reason"] for log in logs if log["event"] == "report.refused"}


async def test_refusals_add_up_by_day_reason_and_sender(market: Market) -> None:
    """However many reactors count at the same time, and whatever was counted before."""
    one, other = Refusing(Refusal.STALE, "a"), Refusing(Refusal.LATE, "b")
    await RefusalStore(market.pool).add(Counter({one: 2, other: 1}))
    await RefusalStore(market.pool).add(Counter({other: 4}))

    assert await market.ask("select reason, sender, count, day = (now() at time zone 'utc')::date from refusals") == [
        (Refusal.STALE.value, "a", 2, True),
        (Refusal.LATE.value, "b", 5, True),
    ]


async def test_what_could_not_be_counted_is_counted_later(market: Market, intake: Intake, bus: Bus) -> None:
    """Postgres was away when a batch ended."""
    reports = await Streams(bus).reports()
    await market.ask("alter table refusals rename to elsewhere")
    await intake.take("agent.status", b"garbage")
    with pytest.raises(UndefinedTable):
        await intake.step(reports, wait_seconds=0.02)
    await market.ask("alter table elsewhere rename to refusals")

    await intake.step(reports, wait_seconds=0.02)

    assert await market.ask("select sender, count from refusals") == [("agent.status", 1)]


async def test_refusals_are_forgotten_after_their_time(market: Market) -> None:
    store = RefusalStore(market.pool)
    await store.add(Counter({Refusing(Refusal.STALE, "a"): 2}))
    await market.ask("update refusals set day = day - %s::integer", KEPT // timedelta(days=1))
    assert await store.forget() == 0
    await market.ask("update refusals set day = day - 1")

    assert await store.forget() == 1
