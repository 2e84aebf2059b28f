"""What `lamda explain JOB` shows: where a job stands, why, by what causes, and what happened to it."""

import asyncio

from rich.console import Console
from rich.text import Text

from graphql_api.explaining import reason_of, status_of
from graphql_api.life_rows import EventRow
from graphql_api.reading import Reading, World
from graphql_api.rows import JobRow
from lamda import credit_queries, queries
from lamda.attribute import causes, causes_of_absence
from lamda.cause_values import Cause, CopySeen, JobSeen, RefusalSeen, SignerSeen, Surroundings
from lamda.credit_page import standing
from lamda.status import ChainStatus
from models.values import Chain, EscrowStatus, JobStatus, show_bytes
from runtime.database import Pool
from runtime.errors import CannotRun

EVENTS_MAX = 500
CONFIRMED = "confirmed"
"""The kind of event by which a renter accepts a result."""


async def explain(world: World, wanted: bytes, console: Console) -> None:
    """Print the story of a job. Raises `CannotRun` for a job that the database does not know, with what may be why."""
    reading = Reading(world)
    try:
        job = await reading.job(wanted)
        if job is None:
            raise CannotRun(await _absent(world.pool, wanted))
        events = await reading.timeline(job, EVENTS_MAX)
        seen = await _seen(reading, job, events)
        found = causes(seen, await _surroundings(world.pool, job.provider))
        console.print(page(job, await reason_of(reading, job), events, found))
    finally:
        await reading.close()


def page(job: JobRow, reason: str | None, events: list[EventRow], found: list[Cause]) -> Text:
    """Lay out a job's standing, its reason, causes and timeline; hashes stay whole, so that they can be copied."""
    standing = {
        "job": show_bytes(job.job_id),
        "status": f"{job.status}, escrow {job.escrow}, {job.payment} wei",
        "renter": job.renter,
        "provider": job.provider or "nobody",
        "why": reason or "done: nothing is left to wait for",
    }
    lines = [Text.assemble((f"{name:<10}", "dim"), value) for name, value in standing.items()]
    lines += [line for number, cause in enumerate(found) for line in _lines(cause, "because" if number == 0 else "")]
    return Text("\n").join([*lines, Text(""), *map(line, events)])


def line(event: EventRow) -> Text:
    """Return one thing that happened; what comes from a chain says from which transaction."""
    where = "off chain"
    if event.chain is not None and event.transaction_hash is not None:
        where = f"{event.chain} block {event.block_number} {show_bytes(event.transaction_hash)}"
    detail = f"  {event.detail}" if event.detail else ""
    return Text.assemble((f"{event.at:%Y-%m-%d %H:%M:%S} ", "dim"), f"{event.kind:<15} ", where, (detail, "dim"))


def _lines(cause: Cause, name: str) -> list[Text]:
    told = [Text.assemble((f"{name:<10}", "dim"), cause.text)]
    return told if cause.remedy is None else [*told, Text.assemble(" " * 10, ("→ ", "dim"), cause.remedy)]


async def _absent(pool: Pool, wanted: bytes) -> str:
    copies = await _copies(pool)
    said = [f"job {show_bytes(wanted)} is not in the database: no JobCreated of it is indexed on BSC"]
    for cause in causes_of_absence(copies.get(Chain.BSC)):
        said += [f"  {cause.text}", *([] if cause.remedy is None else [f"  → {cause.remedy}"])]
    return "\n".join(said)


async def _seen(reading: Reading, job: JobRow, events: list[EventRow]) -> JobSeen:
    dispatch, credit, final = await asyncio.gather(
        reading.dispatch(job), reading.credit(job), reading.final_through(Chain.OPBNB)
    )
    confirmed = next((event.block_number for event in events if event.kind == CONFIRMED), None)
    return JobSeen(
        status=JobStatus(job.status),
        escrow=EscrowStatus(job.escrow),
        block=job.source_block,
        is_assigned=job.provider is not None,
        has_spec=job.has_spec,
        sent=0 if dispatch is None else dispatch.attempts,
        confirmed_block=confirmed,
        credit=None if credit is None else status_of(credit, final_block=final),
        credit_said=None if credit is None else credit.blocked_reason,
        transaction=show_bytes(credit.transaction_hash) if credit and credit.transaction_hash else None,
    )


async def _surroundings(pool: Pool, provider: str | None) -> Surroundings:
    copies = await _copies(pool)
    signers = [standing(each) for each in await credit_queries.signers(pool)]
    refused = [] if provider is None else await queries.refusals_today(pool, sender=provider)
    return Surroundings(
        bsc=copies.get(Chain.BSC),
        opbnb=copies.get(Chain.OPBNB),
        signers=tuple(SignerSeen(word=word, reason=reason) for word, reason in signers),
        refusals=tuple(RefusalSeen(reason=each.reason, count=each.count) for each in refused),
    )


async def _copies(pool: Pool) -> dict[Chain, CopySeen]:
    return {Chain(each.chain): _copy(each) for each in await queries.chain_statuses(pool)}


def _copy(status: ChainStatus) -> CopySeen:
    return CopySeen(
        chain=status.chain,
        indexed=status.indexed,
        head=status.head,
        finalized=status.finalized,
        final_through=status.final_through,
        lag_seconds=status.lag_seconds,
        notes=tuple(status.notes),
    )
