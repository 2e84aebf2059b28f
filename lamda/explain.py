"""What `lamda explain JOB` shows: where a job stands, why, and what happened to it on both chains and off them."""

from rich.console import Console
from rich.text import Text

from graphql_api.explaining import reason_of
from graphql_api.life_rows import EventRow
from graphql_api.reading import Reading, World
from graphql_api.rows import JobRow
from models.values import show_bytes
from runtime.errors import CannotRun

EVENTS_MAX = 500


async def explain(world: World, wanted: bytes, console: Console) -> None:
    """Print the story of a job. Raises `CannotRun` for a job that the database does not know."""
    reading = Reading(world)
    try:
        job = await reading.job(wanted)
        if job is None:
            raise CannotRun(f"job {show_bytes(wanted)} is not in the database: no JobCreated of it is indexed on BSC")
        console.print(page(job, await reason_of(reading, job), await reading.timeline(job, EVENTS_MAX)))
    finally:
        await reading.close()


def page(job: JobRow, reason: str | None, events: list[EventRow]) -> Text:
    """Lay out a job's standing, its reason and its timeline; hashes stay whole, so that they can be copied."""
    standing = {
        "job": show_bytes(job.job_id),
        "status": f"{job.status}, escrow {job.escrow}, {job.payment} wei",
        "renter": job.renter,
        "provider": job.provider or "nobody",
        "why": reason or "done: nothing is left to wait for",
    }
    lines = [Text.assemble((f"{name:<10}", "dim"), value) for name, value in standing.items()]
    return Text("\n").join([*lines, Text(""), *map(line, events)])


def line(event: EventRow) -> Text:
    """Return one thing that happened; what comes from a chain says from which transaction."""
    where = "off chain"
    if event.chain is not None and event.transaction_hash is not None:
        where = f"{event.chain} block {event.block_number} {show_bytes(event.transaction_hash)}"
    detail = f"  {event.detail}" if event.detail else ""
    return Text.assemble((f"{event.at:%Y-%m-%d %H:%M:%S} ", "dim"), f"{event.kind:<15} ", where, (detail, "dim"))
