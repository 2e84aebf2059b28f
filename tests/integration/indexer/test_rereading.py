"""Any height again, without a hole: tables damaged by hand equal a fresh index after a reindex."""

import asyncio
import json
from typing import Any

import psycopg
import pytest
from aiohttp import web

from indexer.rereading_values import Counts, DifferenceKind
from models.requests import RequestKind
from models.values import BlockRange, Chain, ProofLevel, show_bytes
from runtime.database import Pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.activity import Activity
from tests.integration.indexer.asking import answer, ask, asked, findings, work
from tests.integration.indexer.conftest import Indexing, fresh_index
from tests.integration.indexer.tables import contents, everything, gaps_in_feed, one
from tests.integration.local_chain import World
from tests.integration.meddler import Call, meddling

SEED = 11
REINDEX, VERIFY = RequestKind.REINDEX, RequestKind.VERIFY
NEWEST_JOB = "select job_id from job_created order by block_number desc, log_index desc limit 1"
LEVEL_OF_BLOCK_3 = "select level from proofs where blocks @> 3::bigint and chain = 'bsc'"
NEWEST_CHANGE_OF_A_JOB = "select kind from changes where entity = 'JOB' order by position desc limit 1"
STATE_CHANGES = "select count(*) from changes where entity <> 'CHAIN'"


@pytest.fixture
async def lived(world: World, index: Indexing) -> Indexing:
    """A world in which something happened, all of it final and indexed."""
    for act in (world.register(5, b"H100", 80_000), world.beat(5), world.credit(5)):
        await act
        await world.opbnb.mine()
    activity = Activity(world, SEED)
    for _ in range(12):
        await activity.step()
    for chain in (world.bsc, world.opbnb):
        await chain.mine(20)
    await index.settle()
    return index


async def damage(pool: Pool, *statements: str) -> None:
    """Change tables past all our programs, and let the state follow."""
    async with pool.connection() as connection:
        for statement in statements:
            await connection.execute(statement)


LOSE_A_JOB = """
    delete from job_created where (block_number, log_index) =
        (select block_number, log_index from job_created order by block_number, log_index limit 1)
"""
FALSE_JOB = """
    insert into job_created
    select block_number, 77, block_hash, block_time, transaction_hash, decode(repeat('ee', 32), 'hex'), renter,
        provider, payment
    from job_created order by block_number, log_index desc limit 1
"""
WRONG_PAYMENT = """
    update job_created set payment = payment + 1 where (block_number, log_index) =
        (select block_number, log_index from job_created order by block_number desc, log_index desc limit 1)
"""


async def test_a_reindex_mends_what_was_lost_invented_and_changed(
    world: World, lived: Indexing, postgres: EmbeddedPostgres
) -> None:
    """Afterwards the tables are those of a fresh index, and each difference was counted."""
    await damage(lived.pool, LOSE_A_JOB, FALSE_JOB, WRONG_PAYMENT)
    request = await answer(world, lived.pool, REINDEX, first=1)

    found = findings(request)
    assert Counts(missing=1, surplus=1, changed=1) == found.total == found.tables["job_created"]
    assert (request.missing, request.surplus, request.changed) == (1, 1, 1)
    assert {each.kind for each in found.examples} == set(DifferenceKind)
    assert show_bytes(bytes.fromhex("ee" * 32)) in {each.key for each in found.examples}
    assert await fresh_index(world, postgres) == await contents(lived.pool)
    assert await gaps_in_feed(lived.pool) == 0


@pytest.mark.parametrize(
    "table", ["node_registered", "node_heartbeat", "job_count_incremented", "ownership_transferred"]
)
async def test_every_table_of_opbnb_is_mended(
    world: World, lived: Indexing, postgres: EmbeddedPostgres, table: str
) -> None:
    """All rows lost, all come back, and so do the providers."""
    rows = await one(lived.pool, f"select count(*) from {table}")
    await damage(lived.pool, f"delete from {table}", "delete from addresses")
    request = await answer(world, lived.pool, REINDEX, Chain.OPBNB, first=1)

    assert rows[0] > 0
    assert {table: Counts(missing=rows[0])} == findings(request).tables
    await answer(world, lived.pool, REINDEX, first=1)
    assert await fresh_index(world, postgres) == await contents(lived.pool)


async def test_only_keys_that_differed_are_told_of(world: World, lived: Indexing) -> None:
    """One job was wrong, and one change is in the feed."""
    await damage(lived.pool, WRONG_PAYMENT, f"update jobs set payment = payment + 1 where job_id = ({NEWEST_JOB})")
    before = await one(lived.pool, STATE_CHANGES)
    await answer(world, lived.pool, REINDEX, first=1)

    assert (before[0] + 1,) == await one(lived.pool, STATE_CHANGES)


async def test_a_reindex_of_right_tables_writes_no_state_and_tells_nobody(world: World, lived: Indexing) -> None:
    """Neither facts, state nor feed are touched; that the blocks were proven anew is noted."""
    before = await everything(lived.pool)
    request = await answer(world, lived.pool, REINDEX, first=3)

    after = await everything(lived.pool)
    assert Counts() == findings(request).total
    assert {"requests", "proofs"} >= {table for table in before if before[table] != after[table]}
    assert await one(lived.pool, LEVEL_OF_BLOCK_3) == (ProofLevel.BLOOM,)


async def test_a_verify_finds_and_does_not_change(world: World, lived: Indexing) -> None:
    """The differences are in the result, the tables are as damaged as before."""
    await damage(lived.pool, LOSE_A_JOB)
    before = await everything(lived.pool)
    request = await answer(world, lived.pool, VERIFY)

    after = await everything(lived.pool)
    assert Counts(missing=1) == findings(request).total
    assert not findings(request).applied
    assert {"requests"} == {table for table in before if before[table] != after[table]}


async def test_a_verify_that_is_to_repair_repairs(world: World, lived: Indexing, postgres: EmbeddedPostgres) -> None:
    await damage(lived.pool, LOSE_A_JOB, FALSE_JOB)
    request = await answer(world, lived.pool, VERIFY, repairs=True)

    assert findings(request).applied
    assert await fresh_index(world, postgres) == await contents(lived.pool)


async def test_blocks_outside_of_the_range_are_left_alone(world: World, lived: Indexing) -> None:
    """A verify of some blocks says nothing of others."""
    await damage(lived.pool, FALSE_JOB)
    (number,) = await one(lived.pool, "select block_number from job_created where log_index = 77")

    assert Counts() == findings(await answer(world, lived.pool, VERIFY, first=number + 1)).total
    assert Counts() == findings(await answer(world, lived.pool, VERIFY, last=number - 1)).total
    around = await answer(world, lived.pool, VERIFY, first=number, last=number)
    assert BlockRange(first=number, last=number) == findings(around).blocks
    assert Counts(surplus=1) == findings(around).total


async def test_folded_heartbeats_are_left_out(world: World, lived: Indexing) -> None:
    """Those below `heartbeats_from` are gone on purpose, and the result says from which block they were compared."""
    (middle,) = await one(lived.pool, "select max(block_number) - 1 from node_heartbeat")
    await damage(
        lived.pool,
        f"delete from node_heartbeat where block_number < {middle}",
        f"update checkpoints set heartbeats_from = {middle} where chain = 'opbnb'",
    )
    request = await answer(world, lived.pool, REINDEX, Chain.OPBNB, first=1)

    assert Counts() == findings(request).total
    assert middle == findings(request).heartbeats_from


async def test_days_are_folded_anew_whose_heartbeats_were_wrong(world: World, lived: Indexing) -> None:
    """What was made of them is forgotten in the same transaction, and made again later."""
    await damage(
        lived.pool,
        """
        insert into provider_days
        select provider, (block_time at time zone 'UTC')::date, 1, block_time, block_time, 60
        from node_heartbeat order by block_number limit 1
        """,
    )
    await answer(world, lived.pool, REINDEX, Chain.OPBNB, first=1)
    assert await one(lived.pool, "select count(*) from provider_days") == (1,)
    await damage(lived.pool, "update node_heartbeat set timestamp = timestamp + 1")
    await answer(world, lived.pool, REINDEX, Chain.OPBNB, first=1)

    assert await one(lived.pool, "select count(*) from provider_days") == (0,)


@pytest.mark.parametrize(
    ("first", "words"),
    [(0, "before block 1, where bsc starts"), (10_000, "not final in our tables: block")],
)
async def test_blocks_that_cannot_be_read_again_are_refused(
    world: World, lived: Indexing, first: int, words: str
) -> None:
    request = await answer(world, lived.pool, REINDEX, first=first)

    assert request.error is not None
    assert words in request.error


async def test_effects_are_never_written(world: World, lived: Indexing) -> None:
    """A job that vanishes keeps its dispatch and its credit: they were done, and stay done."""
    await damage(
        lived.pool,
        FALSE_JOB,
        """
        insert into dispatches (job_id, provider, attempt, token, decided_at, published_at)
        select job_id, provider, 1, 'a token', now(), now() from job_created where log_index = 77
        """,
    )
    before = await everything(lived.pool)
    await answer(world, lived.pool, REINDEX, first=1)

    after = await everything(lived.pool)
    effects = ("dispatches", "credits", "credit_attempts", "agent_reports", "job_specs")
    assert {table: before[table] for table in effects} == {table: after[table] for table in effects}
    assert len(before["dispatches"]) == 1


async def test_readers_never_see_a_hole_and_the_head_is_followed(
    world: World, lived: Indexing, database_url: str
) -> None:
    """While everything is read again and mended, a reader sees the old rows or the new ones, and blocks go on."""
    await damage(lived.pool, WRONG_PAYMENT)
    rows = await one(lived.pool, "select (select count(*) from jobs), (select count(*) from job_created)")
    seen: set[tuple[int, ...]] = set()
    done = asyncio.Event()

    async def look() -> None:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
            while not done.is_set():
                cursor = await connection.execute(
                    "select (select count(*) from jobs), (select count(*) from job_created)"
                )
                seen.update([tuple(row) async for row in cursor])

    async def follow() -> None:
        while not done.is_set():
            await world.bsc.mine()
            await lived.settle()

    head = await world.bsc.head()
    watching = asyncio.gather(look(), follow())
    for _ in range(5):
        await answer(world, lived.pool, REINDEX, first=1)
    done.set()
    await watching

    assert {rows} == seen
    assert (await one(lived.pool, "select number from checkpoints where chain = 'bsc'"))[0] > head


async def test_many_keys_are_one_resync(
    world: World, lived: Indexing, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than some thousand changes are not told one by one."""
    monkeypatch.setattr("indexer.rereading_commit_store.BULK_KEYS", 1)
    await damage(lived.pool, "delete from job_created", "delete from jobs")
    await answer(world, lived.pool, REINDEX, first=1)

    assert await one(lived.pool, NEWEST_CHANGE_OF_A_JOB) == ("RESYNC",)
    assert await fresh_index(world, postgres) == await contents(lived.pool)


async def test_a_lying_endpoint_deletes_nothing(world: World, lived: Indexing) -> None:
    """It leaves out logs and has no receipts, and is the only one: a reindex refuses to believe it."""

    def leave_out(call: Call, result: Any) -> Any:
        if call["method"] == "eth_getBlockReceipts":
            raise web.HTTPOk(text=json.dumps({"error": {"code": -32601, "message": "Method not found"}}))
        return result[:-1] if call["method"] == "eth_getLogs" else result

    before = await contents(lived.pool)
    async with meddling(world.bsc.url) as meddler:
        meddler.meddle = leave_out
        number = await ask(lived.pool, REINDEX, first=1)
        await work(world, lived.pool, url=meddler.url)
    request = await asked(lived.pool, number)

    assert request.error is not None
    assert "facts of ours are not in what was read" in request.error
    assert before == await contents(lived.pool)
