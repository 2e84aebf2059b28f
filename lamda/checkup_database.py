"""See how Postgres is, what the database was made for, and how the programs that meet there fare."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import migrations
from lamda import checkup_queries, credit_queries, diagnose, queries
from lamda.checkup_queries import MadeFor
from lamda.checkup_values import DatabaseSeen, Finding, ProgramsSeen, Verdict
from lamda.credit_page import standing
from lamda.databases import Opened
from models.values import Chain
from runtime.database import DATABASE_TROUBLE, Pool, open_pool, shown
from runtime.errors import CannotRun


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabasePart:
    """What was found about the database, and what each chain's part of it was made for."""

    findings: list[Finding]
    made_for: Mapping[Chain, MadeFor] = field(default_factory=dict)


async def see_database(place: Opened | Finding, *, wait_seconds: float) -> DatabasePart:
    """Return what there is to say of a database, or of why there is none to look at."""
    if isinstance(place, Finding):
        return DatabasePart(findings=[place])
    try:
        async with open_pool(place.url, program="doctor", size=1, wait_seconds=wait_seconds) as pool:
            return await _see(pool, place.url)
    except (CannotRun, *DATABASE_TROUBLE) as error:
        remedy = "start Postgres, or set DATABASE_URL right"
        return DatabasePart(
            findings=[Finding(subject="database", verdict=Verdict.FAILED, text=str(error), remedy=remedy)]
        )


async def _see(pool: Pool, url: str) -> DatabasePart:
    async with pool.connection() as connection:
        server = await checkup_queries.server(connection)
        made_for = await checkup_queries.made_for(connection)
    seen = DatabaseSeen(
        place=shown(url),
        server=server.version,
        revision=await asyncio.to_thread(migrations.current, url),
        newest=migrations.newest(),
        schema_trouble=await asyncio.to_thread(migrations.trouble_with, url),
        is_standby=server.is_standby,
        clock_skew_seconds=server.epoch_seconds - time.time(),
        connections=server.connections,
        connections_max=server.connections_max,
    )
    findings = diagnose.diagnose_database(seen)
    if seen.schema_trouble is None:
        findings += diagnose.diagnose_programs(await _programs(pool))
    return DatabasePart(findings=findings, made_for=made_for)


async def _programs(pool: Pool) -> ProgramsSeen:
    statuses = await queries.chain_statuses(pool)
    return ProgramsSeen(
        chains={Chain(each.chain): tuple(note for note in each.notes if note != each.pause) for each in statuses},
        pauses={Chain(each.chain): each.pause for each in statuses if each.pause is not None},
        signers=tuple(standing(each) for each in await credit_queries.signers(pool)),
    )
