"""The state of a job or provider is what its facts amount to, whatever order they came in."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import psycopg
import pytest
from psycopg import sql

import migrations
from indexer.heartbeat_store import ensure_partitions
from models.feed import ChangeKind
from models.state import JOBS, PROVIDERS
from models.values import checksum_address
from runtime import state_store
from runtime.database import Connection
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.feed import Change

JOB, RENTER, PROVIDER, STRANGER = b"\xaa" * 32, b"\x11" * 20, b"\x22" * 20, b"\x33" * 20
BEGAN_AT = datetime(2026, 1, 1, tzinfo=UTC)

Fact = tuple[str, dict[str, Any]]


def at(minute: int) -> datetime:
    return BEGAN_AT + timedelta(minutes=minute)


def log(block: int) -> dict[str, Any]:
    """Return where an event stands: one in each block, a block a minute."""
    hash_ = block.to_bytes(32)
    return {
        "block_number": block,
        "log_index": 0,
        "block_hash": hash_,
        "block_time": at(block),
        "transaction_hash": hash_,
    }


def report(status: str, minute: int, *, provider: bytes = PROVIDER, retry: int = 0, **said: str) -> Fact:
    about = {"job_id": JOB, "provider": provider, "attempt": 1, "retry": retry}
    return "agent_reports", {**about, "status": status, "received_at": at(minute), **said}


def spec(renter: bytes) -> Fact:
    return "job_specs", {"job_id": JOB, "renter": renter, "docker_image": "image", "submitted_at": at(0)}


CREATED: Fact = ("job_created", {**log(1), "job_id": JOB, "renter": RENTER, "provider": PROVIDER, "payment": 7})
CREATED_AGAIN: Fact = ("job_created", {**log(2), "job_id": JOB, "renter": STRANGER, "provider": STRANGER, "payment": 9})
CONFIRMED: Fact = ("job_confirmed", {**log(8), "job_id": JOB, "confirmed_at": 1})
CLAIMED: Fact = ("payment_claimed", {**log(9), "job_id": JOB, "provider": PROVIDER, "amount": 7})


def retry(number: int, minute: int) -> Fact:
    return "retries", {"job_id": JOB, "number": number, "asked_at": at(minute)}


def dispatch(attempt: int, provider: bytes, published_minute: int | None, *, retry: int = 0) -> Fact:
    published_at = None if published_minute is None else at(published_minute)
    decided = {"token": f"token {attempt}", "decided_at": at(2), "published_at": published_at}
    return "dispatches", {"job_id": JOB, "attempt": attempt, "provider": provider, "retry": retry, **decided}


DECIDED = dispatch(1, PROVIDER, None)
DISPATCHED = dispatch(1, PROVIDER, 3)
DISPATCHED_ELSEWHERE = dispatch(2, STRANGER, 2)
FAILED = [DISPATCHED, report("failed", 5)]
RETRIED = [*FAILED, retry(7, 6)]
SENT_AGAIN = [*RETRIED, dispatch(2, PROVIDER, 7, retry=7)]


@pytest.fixture(scope="module")
async def migrated(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database of ours, which no test here changes for good."""
    url = await postgres.create_database("state")
    await asyncio.to_thread(migrations.upgrade, url)
    yield url
    await postgres.drop_database("state")


@pytest.fixture
async def connection(migrated: str) -> AsyncIterator[Connection]:
    """A connection to empty tables that know the addresses which facts name; all is taken back after the test."""
    async with (
        await psycopg.AsyncConnection.connect(migrated, options="-c timezone=UTC") as opened,
        opened.transaction(force_rollback=True),
    ):
        for address in (RENTER, PROVIDER, STRANGER):
            await insert(opened, ("addresses", {"address": address, "checksum": checksum_address(address)}))
        yield opened


async def insert(connection: Connection, *facts: Fact) -> None:
    for table, values in facts:
        statement = sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.Placeholder, values)),
        )
        await connection.execute(statement, values)


async def refreshed(connection: Connection) -> list[Change]:
    return await state_store.refresh(connection, JOBS, [JOB], {})


async def job(connection: Connection, columns: str) -> tuple[Any, ...]:
    """Return some columns of the job."""
    cursor = await connection.execute(sql.SQL("select {} from jobs").format(sql.SQL(columns)))
    (row,) = await cursor.fetchall()
    return tuple(row)


STATUSES: dict[str, tuple[list[Fact], str, str]] = {
    "created": ([], "CREATED", "HELD"),
    "about to be dispatched": ([DECIDED], "CREATED", "HELD"),
    "dispatched": ([DISPATCHED], "ASSIGNED", "HELD"),
    "dispatched to another than its provider": ([DISPATCHED_ELSEWHERE], "CREATED", "HELD"),
    "processing": ([DISPATCHED, report("processing", 4)], "RUNNING", "HELD"),
    "processing, before we knew of the dispatch": ([report("processing", 4)], "RUNNING", "HELD"),
    "completed": ([DISPATCHED, report("completed", 5)], "COMPLETED", "HELD"),
    "failed": ([DISPATCHED, report("failed", 5)], "FAILED", "HELD"),
    "processing after it failed": ([report("failed", 5), report("processing", 6)], "FAILED", "HELD"),
    "completed after it failed": ([report("failed", 5), report("completed", 6)], "FAILED", "HELD"),
    "failed after it completed": ([report("completed", 5), report("failed", 6)], "COMPLETED", "HELD"),
    "handed out again while it was open": ([DISPATCHED, retry(0, 4)], "ASSIGNED", "HELD"),
    "retried after it failed": (RETRIED, "CREATED", "HELD"),
    "retried, and sent": (SENT_AGAIN, "ASSIGNED", "HELD"),
    "retried, and processing": ([*SENT_AGAIN, report("processing", 8, retry=7)], "RUNNING", "HELD"),
    "retried, and completed": ([*SENT_AGAIN, report("completed", 8, retry=7)], "COMPLETED", "HELD"),
    "retried, and failed again": ([*SENT_AGAIN, report("failed", 8, retry=7)], "FAILED", "HELD"),
    "retried, and the attempt before is answered": ([*SENT_AGAIN, report("completed", 8)], "ASSIGNED", "HELD"),
    "retried, sent to nobody that knows of it": ([*RETRIED, dispatch(2, PROVIDER, 7)], "CREATED", "HELD"),
    "retried twice": ([*SENT_AGAIN, report("failed", 8, retry=7), retry(9, 9)], "CREATED", "HELD"),
    "retried, and confirmed": ([*RETRIED, CONFIRMED], "COMPLETED", "CONFIRMED"),
    "a report of another": ([DISPATCHED, report("completed", 5, provider=STRANGER)], "ASSIGNED", "HELD"),
    "confirmed": ([CONFIRMED], "COMPLETED", "CONFIRMED"),
    "confirmed, though the agent failed": ([report("failed", 5), CONFIRMED], "COMPLETED", "CONFIRMED"),
    "claimed": ([CONFIRMED, CLAIMED], "COMPLETED", "CLAIMED"),
    "claimed without confirmation": ([CLAIMED], "COMPLETED", "CLAIMED"),
}


@pytest.mark.parametrize(("facts", "status", "escrow"), STATUSES.values(), ids=STATUSES.keys())
async def test_one_job_one_status(connection: Connection, facts: list[Fact], status: str, escrow: str) -> None:
    """The chain decides before agents do, and the first outcome an agent reports stays."""
    await insert(connection, CREATED, *facts)
    await refreshed(connection)

    assert await job(connection, "status, escrow") == (status, escrow)


async def test_the_life_of_a_job_in_times(connection: Connection) -> None:
    """Each step has its moment; what the agent said counts for when it ended."""
    facts = [DISPATCHED, report("processing", 4), report("completed", 6, output_url="gnfd://out"), CONFIRMED, CLAIMED]
    await insert(connection, CREATED, *facts)
    await refreshed(connection)

    times = "created_at, assigned_at, started_at, completed_at, failed_at, confirmed_at, claimed_at, updated_at"
    assert await job(connection, times) == (at(1), at(3), at(4), at(6), None, at(8), at(9), at(9))
    assert await job(connection, "output_url, error") == ("gnfd://out", None)


async def test_a_retry_sets_the_times_anew(connection: Connection) -> None:
    """From the wish on, the job's times are those of what came after it; it never seems to go back."""
    await insert(connection, CREATED, *FAILED, retry(7, 6))
    await refreshed(connection)
    times = "created_at, assigned_at, started_at, completed_at, failed_at, updated_at, error"
    asked = await job(connection, times)
    await insert(connection, dispatch(2, PROVIDER, 7, retry=7), report("failed", 8, retry=7, message="again"))
    await refreshed(connection)

    assert asked == (at(1), None, None, None, None, at(6), None)
    assert await job(connection, times) == (at(1), at(7), at(8), None, at(8), at(8), "again")


async def test_a_failure_shows_its_reason_until_the_renter_confirms(connection: Connection) -> None:
    """Whoever pays has the last word."""
    await insert(connection, CREATED, report("failed", 5, message="out of memory"))
    await refreshed(connection)
    failed = await job(connection, "status, error, failed_at, completed_at")
    await insert(connection, CONFIRMED)
    await refreshed(connection)

    assert failed == ("FAILED", "out of memory", at(5), None)
    assert await job(connection, "status, error, failed_at, completed_at") == ("COMPLETED", None, None, at(8))


@pytest.mark.parametrize(("renter", "has_spec"), [(RENTER, True), (STRANGER, False)])
async def test_a_spec_counts_if_its_renter_created_the_job(
    connection: Connection, renter: bytes, *, has_spec: bool
) -> None:
    """Before or after: nobody hands in a spec for somebody else's job by being first."""
    await insert(connection, spec(renter), CREATED)
    await refreshed(connection)

    assert await job(connection, "has_spec") == (has_spec,)


async def test_without_its_creation_there_is_no_job(connection: Connection) -> None:
    """Whatever else is known of the id."""
    await insert(connection, spec(RENTER), DISPATCHED, report("completed", 5), CONFIRMED, CLAIMED)

    assert await refreshed(connection) == []


async def test_the_order_in_which_facts_come_does_not_matter(connection: Connection) -> None:
    """Refreshed after each fact or at the end only, in any order, the row is the same."""
    rows = set()
    for order in permutations([CREATED, CREATED_AGAIN, CONFIRMED, DISPATCHED, spec(RENTER)]):
        async with connection.transaction(force_rollback=True):
            for fact in order:
                await insert(connection, fact)
                await refreshed(connection)
            rows.add(await job(connection, "jobs.*"))

    assert len(rows) == 1


async def test_a_refresh_tells_what_changed_and_nothing_else(connection: Connection) -> None:
    """Created, updated, not changed, removed: with the columns that a filter can ask for, before and after."""
    told = []
    await insert(connection, CREATED)
    told.append(await refreshed(connection))
    await insert(connection, CONFIRMED)
    told.append(await refreshed(connection))
    told.append(await refreshed(connection))
    await connection.execute("delete from job_created")
    told.append(await refreshed(connection))
    created, updated, unchanged, removed = told

    assert unchanged == []
    kinds = [change.kind for (change,) in (created, updated, removed)]
    assert kinds == [ChangeKind.CREATED, ChangeKind.UPDATED, ChangeKind.REMOVED]
    assert {change.key for (change,) in (created, updated, removed)} == {"0x" + JOB.hex()}
    assert created[0].before is None
    assert created[0].after == updated[0].before
    assert (
        updated[0].after
        == removed[0].before
        == {
            "status": "COMPLETED",
            "escrow": "CONFIRMED",
            "renter": checksum_address(RENTER),
            "provider": checksum_address(PROVIDER),
            "payment": "7",
            "created_at": "2026-01-01T00:01:00+00:00",
        }
    )
    assert removed[0].after is None


async def test_a_refresh_in_bulk_gives_the_rows_of_a_refresh_by_key(connection: Connection) -> None:
    """And one RESYNC for all of them, or nothing when nothing changed."""
    beat: Fact = ("node_heartbeat", {**log(5), "provider": PROVIDER, "timestamp": 1})
    credit: Fact = ("job_count_incremented", {**log(6), "provider": STRANGER, "new_count": 2**200})
    await ensure_partitions(connection, [5])
    await insert(connection, beat, credit)
    parameters = {"online_since": at(5), "since": 0}
    rows = []
    async with connection.transaction(force_rollback=True):
        await state_store.refresh(connection, PROVIDERS, [PROVIDER, STRANGER], parameters)
        rows.append(await providers(connection))
    for scope in (PROVIDERS.every_key(), PROVIDERS.keys_since()):
        async with connection.transaction(force_rollback=True):
            first = await state_store.refresh_in_bulk(connection, PROVIDERS, scope, parameters)
            second = await state_store.refresh_in_bulk(connection, PROVIDERS, scope, parameters)
            rows.append(await providers(connection))

        assert [change.kind for change in first] == [ChangeKind.RESYNC]
        assert second == []

    assert rows[0] == rows[1] == rows[2]
    assert len(rows[0]) == 2


async def providers(connection: Connection) -> list[Any]:
    cursor = await connection.execute("select to_jsonb(providers) - 'id' from providers order by wallet_address")
    return await cursor.fetchall()
