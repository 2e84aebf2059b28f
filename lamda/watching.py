"""
Keep the status on a screen: look, lay out, show, and again, until told to stop.

    at a terminal    the whole screen, renewed in place
    elsewhere        a page below the other, each with its time

The screen outlives Postgres: while it does not answer, what was seen last stays, with its age.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from lamda import credit_page, credit_queries, queries
from lamda import status as status_page
from lamda.credit_page import CreditCounts, SignerStatus
from lamda.status import ChainStatus, OpenWork, RefusalStatus
from runtime.database import DATABASE_TROUBLE, Pool
from runtime.lifecycle import pause

LOOK_SECONDS_MAX = 5.0
"""How long a look may take before it counts as none."""

OPEN = ("CREATED", "ASSIGNED", "RUNNING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What was seen at one moment."""

    at: datetime
    chains: list[ChainStatus]
    refusals: list[RefusalStatus]
    work: OpenWork
    signers: list[SignerStatus]
    credits: CreditCounts


async def keep_watch(pool: Pool, console: Console, stop: asyncio.Event, *, every_seconds: float) -> None:
    """Show where everything stands, looking again after so many seconds, until told to stop."""
    last: Overview | None = None
    with Live(console=console, screen=console.is_terminal, auto_refresh=False) as live:
        while not stop.is_set():
            trouble = None
            try:
                async with asyncio.timeout(LOOK_SECONDS_MAX):
                    last = await look(pool)
            except (*DATABASE_TROUBLE, TimeoutError) as error:
                trouble = str(error) or "no answer"
            shown = screen(last, trouble, now=datetime.now(UTC), every_seconds=every_seconds)
            if console.is_terminal:
                live.update(shown, refresh=True)
            else:
                console.print(shown)
            await pause(stop, every_seconds)


async def look(pool: Pool) -> Overview:
    """Return where everything stands."""
    return Overview(
        at=datetime.now(UTC),
        chains=await queries.chain_statuses(pool),
        refusals=await queries.refusals_today(pool),
        work=await queries.open_work(pool),
        signers=await credit_queries.signers(pool),
        credits=await credit_queries.counts(pool),
    )


def screen(seen: Overview | None, trouble: str | None, *, now: datetime, every_seconds: float) -> RenderableType:
    """Lay everything out: the time, what is wrong, chains, open jobs, credits."""
    head = Text.assemble(
        ("Lamda Network  ", "bold"), f"{now:%H:%M:%S} UTC", (f"  every {every_seconds:g} s, Ctrl-C ends", "dim")
    )
    parts: list[RenderableType] = [head]
    if trouble is not None:
        age = "" if seen is None else f"; what follows is {status_page.duration((now - seen.at).total_seconds())} old"
        parts.append(Text(f"Postgres does not answer: {trouble}{age}", style="bold red"))
    if seen is None:
        return Group(*parts)
    parts += [Text(), status_page.page(seen.chains, seen.refusals), Text(), open_jobs(seen.work)]
    return Group(*parts, credit_page.page(seen.signers, seen.credits))


def open_jobs(work: OpenWork) -> Text:
    """Return how many jobs are open, where, and in what trouble."""
    counts = ", ".join(
        f"{work.jobs.get(status, 0):,} {status.lower()}" for status in ("CREATED", "ASSIGNED", "RUNNING")
    )
    troubles = ", ".join(f"{count:,} {trouble}" for trouble, count in work.troubles.items())
    return Text.assemble(f"open jobs: {counts}", (f"; in trouble: {troubles}", "yellow") if troubles else "")
