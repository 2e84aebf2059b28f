"""
Fill a migrated database with a bazaar: any number of jobs and providers with the facts they follow from, in seconds.

Nothing is random: two bazaars of one size are equal. State is written beside the facts and is what a rebuild would
make of them; a test holds the two together. What people do is skewed as it is in life:

    providers   the busiest has 2 % of the jobs; 60 % are online, 35 % have gone, 5 % never came
    renters     one for 50 jobs; the busiest has 4 % of them
    jobs        94 % went all the way, 3 % failed or were never begun; the newest are under way

Of heartbeats the last two are there, and of the days before them the folded ones.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.bazaar_facts_store import FACTS, FATES, STATE
from indexer.heartbeat_store import ensure_partitions
from indexer.identity_store import MadeFor, Start, claim
from models.onchain import HEARTBEAT_PARTITION_BLOCKS
from models.values import BlockId, Chain, checksum_address
from runtime.database import Connection

BEGAN_AT = datetime(2026, 8, 1, tzinfo=UTC)
BEGAN_BLOCK = 60_000_000
BLOCK_SECONDS = {Chain.BSC: 0.45, Chain.OPBNB: 0.25}
CONTRACT = bytes.fromhex("22" * 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bazaar:
    """So many jobs and providers in so many days before it closed; `folded_days` of the providers' days are kept."""

    jobs: int = 1_000_000
    providers: int = 100_000
    days: int = 90
    folded_days: int = 7

    @property
    def renters(self) -> int:
        """Return how many renters there are."""
        return max(1, self.jobs // 50)

    @property
    def closed_at(self) -> datetime:
        """Return the time of the newest block of both chains."""
        return BEGAN_AT + timedelta(days=self.days, hours=9)

    def block(self, chain: Chain, moment: datetime) -> int:
        """Return the block of a moment."""
        return BEGAN_BLOCK + int((moment - BEGAN_AT).total_seconds() / BLOCK_SECONDS[chain])


async def fill(url: str, bazaar: Bazaar) -> None:
    """Fill a migrated, empty database, and leave it as autovacuum would by and by."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        async with connection.transaction():
            indexes = await _drop_indexes(connection)
            await _add_people(connection, bazaar)
            last = bazaar.block(Chain.OPBNB, bazaar.closed_at)
            await ensure_partitions(connection, range(BEGAN_BLOCK, last + 1, HEARTBEAT_PARTITION_BLOCKS // 2))
            parameters = _parameters(bazaar)
            for statement in (FATES, *FACTS, *STATE):
                await connection.execute(statement, parameters)
            await _restore_indexes(connection, indexes)
            await _add_checkpoints(connection, bazaar)
        await connection.execute("vacuum analyze")
        await connection.execute("checkpoint")


def person(number: int, role: str) -> bytes:
    """Return the address of the renter or provider of a number, from 0: the busiest is the first."""
    return (role.encode() + number.to_bytes(8, "big")).rjust(20, b"\x11")


def _parameters(bazaar: Bazaar) -> dict[str, Any]:
    return {
        "jobs": bazaar.jobs,
        "providers": bazaar.providers,
        "renters": bazaar.renters,
        "began_at": BEGAN_AT,
        "closed_at": bazaar.closed_at,
        "began": BEGAN_BLOCK,
        "bsc": BLOCK_SECONDS[Chain.BSC],
        "opbnb": BLOCK_SECONDS[Chain.OPBNB],
        "folded_days": bazaar.folded_days,
    }


async def _add_people(connection: Connection, bazaar: Bazaar) -> None:
    await connection.execute(
        "create temporary table people (role text, number integer, address bytea, checksum text) on commit drop"
    )
    async with connection.cursor() as cursor, cursor.copy("copy people from stdin (format binary)") as copy:
        copy.set_types(["text", "int4", "bytea", "text"])
        for role, count in (("renter", bazaar.renters), ("provider", bazaar.providers)):
            for number in range(count):
                address = person(number, role)
                await copy.write_row((role, number, address, checksum_address(address)))
    await connection.execute("insert into addresses (address, checksum) select address, checksum from people")


async def _add_checkpoints(connection: Connection, bazaar: Bazaar) -> None:
    for chain, chain_id in ((Chain.BSC, 56), (Chain.OPBNB, 204)):
        last = bazaar.block(chain, bazaar.closed_at)
        made = MadeFor(chain_id=chain_id, genesis=bytes(32), contract_address=CONTRACT, start_block=BEGAN_BLOCK)
        before = BlockId(number=last, hash=last.to_bytes(32, "big"))
        await claim(connection, chain, made, Start(before=before, parent_hash=bytes(32), time=bazaar.closed_at))


async def _drop_indexes(connection: Connection) -> list[str]:
    """Drop the indexes that filling would have to keep up, one row at a time; return what makes them again."""
    rows = await connection.execute(
        """
        select indexname, indexdef from pg_indexes
        where schemaname = current_schema() and indexname not in (select conname from pg_constraint)
            and tablename in ('jobs', 'providers', 'job_created', 'job_confirmed', 'payment_claimed', 'agent_reports',
                'dispatches', 'node_registered', 'job_count_incremented', 'provider_days')
        """
    )
    indexes = await rows.fetchall()
    for name, _ in indexes:
        await connection.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
    return [definition for _, definition in indexes]


async def _restore_indexes(connection: Connection, indexes: list[str]) -> None:
    await connection.execute("set local maintenance_work_mem = '256MB'")
    for definition in indexes:
        await connection.execute(definition)
