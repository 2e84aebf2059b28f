"""Reports from agents move a job forward; everything else changes nothing and is counted."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from dispatch.decode import PAYLOAD_MAX
from dispatch.dispatcher import Dispatcher
from dispatch.intake import Intake
from dispatch.judge import Accepted, Refusal, Refused
from dispatch.report_store import ReportStore
from dispatch.streams import REPORTS, REPORTS_READER, Streams
from models.values import checksum_address, show_bytes
from runtime.bus import Bus, open_bus
from runtime.embedded_nats import EmbeddedNats
from tests.integration.dispatch.agency import FINAL, Agents, Market
from tests.integration.dispatch.crashes import end_at

JOB = (1).to_bytes(32)


@pytest.fixture
async def handed_out(market: Market, dispatcher: Dispatcher) -> Market:
    """A market where job 1 of provider 5 has been handed out."""
    await market.open_jobs(1)
    await dispatcher.step()
    return market


def own_subject(market: Market, provider: int = 5) -> str:
    """Return where a provider's agent reports."""
    return f"agents.{checksum_address(market.provider(provider))}.status"


def as_json(**body: object) -> bytes:
    """Return a report on job 1 as it is sent."""
    return json.dumps({"jobId": show_bytes(JOB), **body}).encode()


async def feed_length(market: Market) -> int:
    """Return how many changes the feed has told."""
    return int((await market.ask("select position from feed"))[0][0])


async def settle(intake: Intake, bus: Bus, count: int) -> None:
    """Take in reports until so many have been dealt with."""
    reports = await Streams(bus).reports()
    async with asyncio.timeout(10):
        while intake.accepted + intake.refused.total() < count:
            await intake.step(reports, wait_seconds=0.2)


async def until_none_is_left(bus: Bus) -> None:
    """Return when the stream holds no report: it takes what was acknowledged away in its own time."""
    async with asyncio.timeout(10):
        while (await bus.jetstream.stream_info("REPORTS")).state.messages:
            await asyncio.sleep(0.02)


async def test_an_agents_reports_move_its_job(handed_out: Market, agents: Agents, intake: Intake, bus: Bus) -> None:
    """Taken from the consumer, reported on the own subject: running, then completed, each told by the feed."""
    agent = await agents.sign_in(5)
    (job,) = await agent.jobs()
    await agent.report(JOB, job["token"], "processing")
    await settle(intake, bus, 1)
    assert await handed_out.statuses() == {1: "RUNNING"}
    before = await feed_length(handed_out)

    await agent.report(JOB, job["token"], "completed", outputUrl="gnfd://out/result")
    await settle(intake, bus, 2)

    assert await handed_out.ask("select status, output_url from jobs") == [("COMPLETED", "gnfd://out/result")]
    assert await feed_length(handed_out) == before + 1


async def test_a_failure_says_why(handed_out: Market, intake: Intake) -> None:
    token = await handed_out.token(JOB)

    await intake.take(own_subject(handed_out), as_json(token=token, status="failed", message="image not found\0"))

    assert await handed_out.ask("select status, error from jobs") == [("FAILED", "image not found�")]


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("jobs.status.updates", {"status": "success", "message": "done", "timestamp": 1767225600}),
        ("agent.status", {"job_id": show_bytes(JOB), "status": "completed", "timestamp": "2026-01-01T00:00:00Z"}),
    ],
)
async def test_both_older_dialects_are_believed_with_the_token_only(
    handed_out: Market, intake: Intake, subject: str, body: Mapping[str, Any]
) -> None:
    token = await handed_out.token(JOB)

    assert await intake.take(subject, as_json(**body)) == Refused(reason=Refusal.NO_TOKEN)
    assert await intake.take(subject, as_json(**body, token=token)) == Accepted(attempt=1)

    assert await handed_out.statuses() == {1: "COMPLETED"}


async def test_an_insecure_reactor_believes_without_a_token(handed_out: Market, bus: Bus) -> None:
    intake = Intake(ReportStore(handed_out.pool), Streams(bus), insecure=True)

    await intake.take("jobs.status.updates", as_json(status="success"))

    assert await handed_out.statuses() == {1: "COMPLETED"}


async def test_what_is_refused_changes_nothing_and_is_counted(handed_out: Market, intake: Intake) -> None:
    """Garbage, other people's jobs, unknown jobs, wrong tokens, too much: a table of hostile reports."""
    token, mine, theirs = await handed_out.token(JOB), own_subject(handed_out), own_subject(handed_out, 6)
    before = await feed_length(handed_out)
    cases = [
        (mine, b"", Refusal.UNREADABLE),
        (mine, b"\xff\0", Refusal.UNREADABLE),
        (mine, b"[" * PAYLOAD_MAX, Refusal.UNREADABLE),
        (mine, as_json(token=token, status="cancelled"), Refusal.UNREADABLE),
        (mine, as_json(token=token, status="completed", message="x" * PAYLOAD_MAX), Refusal.OVERSIZED),
        (mine, as_json(token=token, status="completed", jobId="0x" + "9" * 64), Refusal.UNKNOWN_JOB),
        (theirs, as_json(token=token, status="completed"), Refusal.NOT_ITS_PROVIDER),
        (mine, as_json(token="guess", status="completed"), Refusal.WRONG_TOKEN),
        (mine, as_json(status="completed"), Refusal.NO_TOKEN),
    ]

    judgements = [await intake.take(subject, payload) for subject, payload, _ in cases]

    assert judgements == [Refused(reason=reason) for _, _, reason in cases]
    assert intake.refused.total() == len(cases)
    assert await handed_out.ask("select count(*) from agent_reports") == [(0,)]
    assert await handed_out.statuses() == {1: "ASSIGNED"}
    assert await feed_length(handed_out) == before


async def test_repeats_and_steps_back_are_refused(handed_out: Market, intake: Intake) -> None:
    token, subject = await handed_out.token(JOB), own_subject(handed_out)

    said = ["processing", "processing", "completed", "processing", "failed", "completed"]
    judgements = [await intake.take(subject, as_json(token=token, status=word)) for word in said]

    assert judgements == [
        Accepted(attempt=1),
        Refused(reason=Refusal.REPEATED),
        Accepted(attempt=1),
        Refused(reason=Refusal.BACKWARDS),
        Refused(reason=Refusal.BACKWARDS),
        Refused(reason=Refusal.REPEATED),
    ]
    assert await handed_out.statuses() == {1: "COMPLETED"}


async def test_a_stale_attempt_cannot_override_a_later_one(
    handed_out: Market, dispatcher: Dispatcher, intake: Intake
) -> None:
    await handed_out.age(31)
    await dispatcher.step()
    old, new = [await handed_out.token(JOB, attempt) for attempt in (1, 2)]

    assert await intake.take(own_subject(handed_out), as_json(token=new, status="processing")) == Accepted(attempt=2)
    assert await intake.take(own_subject(handed_out), as_json(token=old, status="failed")) == Refused(
        reason=Refusal.STALE
    )


async def test_a_report_stops_the_repeating(handed_out: Market, dispatcher: Dispatcher, intake: Intake) -> None:
    await intake.take(own_subject(handed_out), as_json(token=await handed_out.token(JOB), status="processing"))
    await handed_out.age(86_400)

    await dispatcher.step()

    assert await handed_out.ask("select max(attempt) from dispatches") == [(1,)]


async def test_a_report_proves_that_its_attempt_arrived(
    handed_out: Market, dispatcher: Dispatcher, intake: Intake
) -> None:
    """Even where the reactor died before it saw the stream's acknowledgement."""
    await handed_out.ask("update dispatches set published_at = null")
    await intake.take(own_subject(handed_out), as_json(token=await handed_out.token(JOB), status="completed"))

    await dispatcher.step()

    assert await handed_out.ask("select count(published_at) from dispatches") == [(1,)]


async def test_the_chain_has_the_last_word(handed_out: Market, intake: Intake) -> None:
    """After the renter's confirmation an agent can no longer make the job fail."""
    await handed_out.world.confirm(JOB)
    await handed_out.world.bsc.mine(FINAL)
    await handed_out.index.settle()

    judgement = await intake.take(own_subject(handed_out), as_json(token=await handed_out.token(JOB), status="failed"))

    assert judgement == Refused(reason=Refusal.LATE)
    assert await handed_out.statuses() == {1: "COMPLETED"}


async def test_an_outcome_is_kept_while_a_reorg_may_take_the_confirmation_back(
    handed_out: Market, intake: Intake
) -> None:
    """It counts for less than the chain's word, and is the only one once that is gone."""
    token, state = await handed_out.token(JOB), "select status, escrow from jobs"
    await handed_out.world.confirm(JOB)
    await handed_out.world.bsc.mine()
    await handed_out.index.settle()

    await intake.take(own_subject(handed_out), as_json(token=token, status="failed"))
    assert await handed_out.ask(state) == [("COMPLETED", "CONFIRMED")]

    await handed_out.world.bsc.reorg(1)
    await handed_out.index.settle()
    assert await handed_out.ask(state) == [("FAILED", "HELD")]


async def test_two_at_once_about_one_job_are_taken_one_after_the_other(handed_out: Market, intake: Intake) -> None:
    """Whichever comes second sees the first: one outcome stands."""
    token, subject = await handed_out.token(JOB), own_subject(handed_out)

    judgements = await asyncio.gather(
        *(intake.take(subject, as_json(token=token, status=word)) for word in ["completed", "failed"] * 3)
    )

    assert sum(isinstance(judgement, Accepted) for judgement in judgements) == 1
    assert await handed_out.ask("select count(*) from agent_reports") == [(1,)]


async def test_what_was_said_while_nobody_listened_is_not_lost(
    handed_out: Market, agents: Agents, intake: Intake, bus: Bus
) -> None:
    agent = await agents.sign_in(5)
    await agent.report(JOB, await handed_out.token(JOB), "processing")
    await agent.report(JOB, await handed_out.token(JOB), "completed")
    await agent.client.close()

    await settle(intake, bus, 2)

    assert await handed_out.statuses() == {1: "COMPLETED"}
    await until_none_is_left(bus)


async def test_a_crash_at_any_wait_takes_each_report_in_once(
    handed_out: Market, agents: Agents, bus: Bus, nats: EmbeddedNats, intake: Intake
) -> None:
    """Ended at every point where a step can be ended, and begun anew: one row each, in the order they were sent."""
    agent, token = await agents.sign_in(5), await handed_out.token(JOB)
    await bus.jetstream.delete_consumer("REPORTS", "reactor")
    await bus.jetstream.add_consumer("REPORTS", replace(REPORTS_READER, ack_wait=0.3))
    for waits in range(1, 100):
        await handed_out.ask("delete from agent_reports")
        for word in ("processing", "completed"):
            await agent.report(JOB, token, word)

        async with open_bus(nats.url, program="doomed") as doomed:
            streams = Streams(doomed)
            was_ended = await end_at(Intake(ReportStore(handed_out.pool), streams).step(await streams.reports()), waits)
        await drain(intake, bus)

        rows = await handed_out.ask("select status from agent_reports order by id")
        assert rows == [("processing",), ("completed",)], f"cut off at wait {waits}"
        if not was_ended:
            break
    assert waits > 5


async def drain(intake: Intake, bus: Bus) -> None:
    """Take in reports until none is left."""
    subscription = await Streams(bus).reports()
    async with asyncio.timeout(20):
        while (await bus.jetstream.stream_info("REPORTS")).state.messages:
            await intake.step(subscription, wait_seconds=0.1)
    await subscription.unsubscribe()


async def test_a_report_is_taken_whoever_used_its_message_id_before(
    handed_out: Market, agents: Agents, intake: Intake, bus: Bus
) -> None:
    """The server drops what it takes for a repeat, and it knows ids of a stream, not of a sender."""
    agent, other = await agents.sign_in(5), await agents.sign_in(6)
    named = {"Nats-Msg-Id": f"{show_bytes(JOB)}:completed"}
    await other.client.jetstream().publish(f"agents.{other.address}.status", b"{}", headers=named)
    assert REPORTS.duplicate_window is not None
    # When the server forgets an id it tells nobody.
    await asyncio.sleep(2 * REPORTS.duplicate_window)
    body = as_json(token=await handed_out.token(JOB), status="completed")

    await agent.client.jetstream().publish(f"agents.{agent.address}.status", body, headers=named)
    await settle(intake, bus, 2)

    assert await handed_out.statuses() == {1: "COMPLETED"}
