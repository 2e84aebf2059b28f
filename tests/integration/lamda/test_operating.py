"""An operator's commands on a running system, and on one where nobody leads."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator, Mapping

import pytest

from models.state import JOBS
from models.values import Chain
from runtime import state_store
from runtime.database import Pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.activity import Activity
from tests.integration.indexer.conftest import Indexing, fresh_index, index, pool, world
from tests.integration.indexer.tables import contents, one
from tests.integration.lamda.commands import end_of, lamda, settings_of, start
from tests.integration.local_chain import World

__all__ = ["index", "pool", "world"]

SEED = 3
LOSE_JOBS = "delete from job_created where block_number % 2 = 0"
OPEN = "select count(*) from requests where finished_at is null"
LED = "select count(*) from leases where until >= clock_timestamp()"


@pytest.fixture
async def settings(world: World, index: Indexing, database_url: str) -> Mapping[str, str]:
    """The settings of a world in which something happened, all of it final and indexed."""
    activity = Activity(world, SEED)
    for _ in range(10):
        await activity.step()
    for chain in (world.bsc, world.opbnb):
        await chain.mine(20)
    await index.settle()
    return settings_of(world, database_url)


@pytest.fixture
async def leader(settings: Mapping[str, str], pool: Pool) -> AsyncIterator[asyncio.subprocess.Process]:
    """An indexer that leads both chains."""
    process = await start(settings, "index")
    async with asyncio.timeout(30):
        while await one(pool, LED) != (2,):
            await asyncio.sleep(0.05)
    yield process
    process.send_signal(signal.SIGTERM)
    await end_of(process)


async def test_a_command_does_the_work_itself_where_nobody_leads(
    world: World, settings: Mapping[str, str], pool: Pool, postgres: EmbeddedPostgres
) -> None:
    """It says so, says what differed, and leaves the tables of a fresh index."""
    await damage(pool)
    ended = await lamda(settings, "reindex", "--chain", "bsc", "--from-block", "1")

    assert ended.code == 0, ended.complaint
    assert "nobody indexes bsc now: this command does it itself" in ended.said
    assert re.search(r"bsc: blocks 1–\d+ read again, proven by BLOOM", ended.said)
    assert re.search(r"^job_created +[1-9]\d* +0 +0$", ended.said, re.MULTILINE), ended.said
    assert await fresh_index(world, postgres) == await contents(pool)


async def test_a_leader_does_what_is_asked(
    world: World,
    settings: Mapping[str, str],
    leader: asyncio.subprocess.Process,
    pool: Pool,
    postgres: EmbeddedPostgres,
) -> None:
    """The command only hands in and follows: it needs to know no chain."""
    await damage(pool)
    only_database = {"DATABASE_URL": settings["DATABASE_URL"]}
    found = await lamda(only_database, "verify", "--chain", "bsc")
    mended = await lamda(only_database, "verify", "--repair")
    well = await lamda(only_database, "verify")

    assert (found.code, mended.code, well.code) == (1, 0, 0), found.complaint + mended.complaint + well.complaint
    assert "this differs; --repair would mend it:" in found.said
    assert "nobody" not in found.said
    assert "this differed, and was mended:" in mended.said
    assert well.said.count("nothing differed") == 2
    assert leader.returncode is None
    await one(pool, "select 1")
    assert await fresh_index(world, postgres) == await contents(pool)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("reindex", "--chain", "bsc", "--from-block", "0"), "before block 1, where bsc starts for us"),
        (("reindex", "--chain", "bsc", "--from-block", "9999"), "block 9999 is not final in our tables"),
        (("verify", "--from-block", "3"), "name it with --chain"),
    ],
)
async def test_what_cannot_be_done_is_said_in_one_line(
    settings: Mapping[str, str], pool: Pool, words: tuple[str, ...], complaint: str
) -> None:
    ended = await lamda(settings, *words)

    assert ended.code == 1
    assert complaint in ended.complaint
    assert "Traceback" not in ended.complaint
    assert await one(pool, OPEN) == (0,)


async def test_an_unknown_chain_is_refused_by_name(settings: Mapping[str, str]) -> None:
    ended = await lamda(settings, "resume", "--chain", "ethereum")

    assert ended.code == 2
    assert re.search(r"'ethereum' is not one of 'bsc',\W+'opbnb'", ended.complaint), ended.complaint


async def test_a_stop_takes_the_request_back(settings: Mapping[str, str], pool: Pool) -> None:
    """Ctrl-C while it waits for an endpoint: nothing is changed, nobody will do it later."""
    await damage(pool)
    before = await contents(pool)
    unreachable = {**settings, "BSC_RPC_URL": "http://127.0.0.1:9"}
    process = await start(unreachable, "reindex", "--chain", "bsc", "--from-block", "1")
    async with asyncio.timeout(30):
        while await one(pool, OPEN) != (1,):
            assert process.returncode is None, await end_of(process)
            await asyncio.sleep(0.02)
    process.send_signal(signal.SIGINT)
    ended = await end_of(process)

    assert ended.code == 130, ended
    assert "was taken back: nothing was changed" in ended.said
    assert await one(pool, OPEN) == (0,)
    assert before == await contents(pool)


async def test_a_chain_that_is_not_paused_needs_no_resume(settings: Mapping[str, str]) -> None:
    ended = await lamda(settings, "resume", "--chain", "opbnb")

    assert (ended.code, "opbnb is not paused" in ended.said) == (0, True)


async def test_resume_says_what_the_chain_was_paused_for(settings: Mapping[str, str], pool: Pool) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            "update checkpoints set paused_reason = 'it parted', paused_fork = 12 where chain = 'bsc'"
        )
    ended = await lamda(settings, "resume", "--chain", "bsc")

    assert "bsc goes on; it was paused: it parted" in ended.said
    assert "above block 12 is taken back" in ended.said
    assert await one(pool, "select paused_reason, final_through from checkpoints where chain = 'bsc'") == (None, 12)


async def test_an_audit_tells_what_is_missing(settings: Mapping[str, str], pool: Pool) -> None:
    well = await lamda(settings, "audit")
    await damage(pool)
    wrong = await lamda(settings, "audit", "--chain", "bsc")

    assert (well.code, wrong.code) == (0, 1), well.complaint + wrong.complaint
    assert re.search(r"^totalJobsCreated +\d+ +\d+ +equal *$", well.said, re.MULTILINE), well.said
    assert re.search(r"^successfulJobsCount of \d+ providers +\d+ +\d+ +equal *$", well.said, re.MULTILINE), well.said
    assert re.search(r"^totalJobsCreated +\d+ +\d+ +DIFFERS *$", wrong.said, re.MULTILINE), wrong.said


async def test_status_tells_a_person_and_a_program(settings: Mapping[str, str], pool: Pool) -> None:
    """No line is wider than 100 columns where no terminal is; the JSON document holds the same."""
    async with pool.connection() as connection:
        await connection.execute(
            """
            with led as (update checkpoints set leader_epoch = 3 returning chain)
            insert into leases (chain, leader, epoch, until)
            select chain, 'a-host:7', 3, now() + interval '1 h' from led
            """
        )
        await connection.execute(
            """
            insert into endpoints (
                chain, name, rank, head, finalized, latency_ms, range_blocks, requests_per_second_max,
                resting_until, resting_reason, updated_at
            ) values
                ('bsc', 'first.example.com', 0, 51234567, 51234565, 43, 5000, 12.5, null, null, now() + '1 h'),
                ('bsc', 'second.example.com', 1, null, null, null, 2000, null, now() + '1 min',
                    'HTTP 429 too many requests from this address, slow down', now() + '1 h')
            """
        )
        await connection.execute(
            """
            insert into refusals (day, reason, sender, count, last_at)
            select (now() at time zone 'utc')::date - age, 'said before', sender, 2, now()
            from generate_series(0, 1) age, unnest(array['a', 'b']) sender
            """
        )
    shown = await lamda(settings, "status")
    document = json.loads((await lamda(settings, "status", "--json")).said)

    assert shown.code == 0, shown.complaint
    assert max(map(len, shown.said.splitlines())) <= 100
    for words in ("a-host:7 (epoch 3)", "rests for", "proven by", "BLOOM", "first.example.com", "refused today"):
        assert words in shown.said
    bsc = next(each for each in document["chains"] if each["chain"] == Chain.BSC)
    assert (bsc["head"], bsc["lag_blocks"]) == (51_234_567, 51_234_567 - bsc["indexed"]), "as endpoints tell of it"
    assert bsc["leader"] == "a-host:7"
    assert bsc["proofs"]
    assert [(each["reason"], each["count"]) for each in document["refusals"]] == [("said before", 4)]
    assert "HTTP 429" in bsc["endpoints"][1]["rests_because"]


async def test_a_watched_status_is_renewed_until_it_is_stopped(settings: Mapping[str, str]) -> None:
    """A page below the other where no terminal is; a stop is its ordinary end."""
    process = await start(settings, "status", "--watch", "--every", "0.2")
    assert process.stdout is not None
    seen = ""
    async with asyncio.timeout(30):
        while seen.count("Lamda Network") < 3:
            seen += (await process.stdout.readline()).decode()
    process.send_signal(signal.SIGINT)
    ended = await end_of(process)

    assert ended.code == 0, ended.complaint
    assert "no reactor has signed for this database yet" in seen
    assert re.search(r"^open jobs: \d+ created", seen, re.MULTILINE), seen


async def test_a_restored_database_begins_a_new_lineage(settings: Mapping[str, str], pool: Pool) -> None:
    """So that no subscriber takes a position that is given again for the one it knows."""
    before = await one(pool, "select epoch, position from feed")
    told = await lamda(settings, "restored")
    after = await one(pool, "select epoch, position from feed")

    assert (told.code, "nobody signed here" in told.said) == (0, True), told.complaint
    assert before[0] != after[0]
    assert before[1] == after[1]


async def damage(pool: Pool) -> None:
    """Lose some jobs past all our programs."""
    async with pool.connection() as connection:
        await connection.execute(LOSE_JOBS)


async def test_an_open_job_is_handed_out_again_by_hand(settings: Mapping[str, str], pool: Pool) -> None:
    """And one that failed is run once more; a job that is over, or that nobody knows, is told so. Who asked is kept."""
    (job,), (failed,) = await rows(pool, "select job_id from jobs where status = 'CREATED' limit 2")
    ((over,),) = await rows(pool, "select job_id from jobs where status = 'COMPLETED' limit 1")
    await hand_in_and_fail(pool, [job, failed], failed)
    ends = [await lamda(settings, "retry", "0x" + each.hex()) for each in (job, failed, over, b"?" * 32)]

    assert [end.code for end in ends] == [0, 0, 1, 1]
    assert "is due" in ends[0].said
    assert "had failed and is to be run once more" in ends[1].said
    assert "is COMPLETED" in ends[2].complaint
    assert "is not in the database" in ends[3].complaint
    assert await rows(pool, "select job_id from retries order by id") == [(job,), (failed,)]
    assert await one(pool, "select count(*) from requests where kind = 'RETRY' and requested_by <> ''") == (2,)


async def hand_in_and_fail(pool: Pool, job_ids: list[bytes], failed: bytes) -> None:
    """Have specs handed in for jobs, and the agent of one of them report that it failed."""
    async with pool.connection() as connection:
        await connection.execute(
            "insert into job_specs (job_id, renter, docker_image, submitted_at) "
            "select job_id, renter, 'alpine', now() from job_created where job_id = any(%s)",
            (job_ids,),
        )
        await connection.execute(
            "insert into agent_reports (job_id, provider, attempt, status, received_at) "
            "select job_id, provider, 1, 'failed', now() from job_created where job_id = %s",
            (failed,),
        )
        await state_store.lock(connection, JOBS, job_ids)
        await state_store.refresh(connection, JOBS, job_ids, {})


async def rows(pool: Pool, statement: str) -> list[tuple[bytes]]:
    """Return what a statement finds."""
    async with pool.connection() as connection:
        return await (await connection.execute(statement.encode())).fetchall()
