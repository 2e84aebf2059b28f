"""The whole loop in a run of everything: dispatched, run, confirmed, credited and claimed, whatever dies."""

import asyncio
import os
import re
import signal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from devnet.accounts import DEPLOYER, private_key
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.lamda.runs import Run, up

READY = "GraphiQL"
LOOP_SECONDS_MAX = 45.0
RECOVERY_SECONDS_MAX = 90.0

LIFE = """
select count(*) from jobs job
where escrow = 'CLAIMED' and has_spec and assigned_at is not null and started_at is not null
    and exists (select from agent_reports report where report.job_id = job.job_id and report.status = 'completed')
    and exists (
        select from credit_attempts attempt
        join job_count_incremented fact using (transaction_hash)
        where attempt.job_id = job.job_id
            and fact.block_number <= (select final_through from checkpoints where chain = 'opbnb')
    )
"""

UNCREDITED = """
select count(*) from job_confirmed confirmed
where job_id = any(%s) and not exists (
    select from credit_attempts attempt join job_count_incremented fact using (transaction_hash)
    where attempt.job_id = confirmed.job_id
)
"""

DOUBLED = """
select count(*) from (
    select job_id from credit_attempts join job_count_incremented using (transaction_hash)
    group by job_id having count(*) > 1
) twice
"""
STRANGE = """
select count(*) from job_count_incremented
where transaction_hash not in (select transaction_hash from credit_attempts)
"""
RUN_TWICE = """
select count(*) from (
    select job_id from agent_reports where status = 'completed' group by job_id having count(*) > 1
) twice
"""
WRONG_SCORES = """
select count(*) from providers where reputation_score <> (
    select count(*) from job_count_incremented fact
    join addresses known on known.address = fact.provider where known.checksum = wallet_address
)
"""


OVERCREDITED = """
select count(*) from (
    select provider, count(*) as credited from job_count_incremented group by provider
) onchain
where credited > (
    select count(distinct confirmed.job_id) from job_confirmed confirmed
    join job_created created using (job_id) where created.provider = onchain.provider
)
"""
UNSETTLED = """
select count(*) from job_confirmed confirmed
where job_id = any(%s) and not exists (
    select from credits credit where credit.job_id = confirmed.job_id and (
        adopted or exists (
            select from credit_attempts attempt join job_count_incremented fact using (transaction_hash)
            where attempt.job_id = credit.job_id
        )
    )
)
"""


class Books:
    """The database of a run, read past all of our programs."""

    def __init__(self, run: Run, data: Path) -> None:
        name = re.search(r"lamda_[0-9a-f]+", run.seen)
        assert name, run.seen
        self.database = name[0]
        self._url = EmbeddedPostgres(data / "postgres").running().url(self.database)

    async def one(self, query: str, *parameters: Any) -> Any:
        """Return the only value of a query."""
        async with await psycopg.AsyncConnection.connect(self._url) as connection:
            row = await (await connection.execute(query, parameters)).fetchone()
        assert row is not None
        return row[0]

    async def comes_to(self, expected: int, query: str, *parameters: Any, within: float) -> None:
        """Return once a query answers at least so much."""
        found = None
        try:
            async with asyncio.timeout(within):
                while (found := await self._try(query, *parameters)) is None or found < expected:
                    await asyncio.sleep(0.2)
        except TimeoutError:
            pytest.fail(f"after {within:g} s still {found}, not {expected}: {query}")

    async def _try(self, query: str, *parameters: Any) -> Any:
        try:
            return await self.one(query, *parameters)
        except psycopg.OperationalError:
            return None


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_nothing_is_lost_or_doubled_when_each_program_is_killed(tmp_path: Path) -> None:
    """
    A job has gone the whole way 45 s after all is ready; then indexer, reactor, NATS and Postgres die in turn.

    Every job confirmed by then is credited on chain, once, and was run once; the owner's key is in no log.
    """
    data = tmp_path / "data"
    async with up(data) as run:
        await run.shows(READY)
        books = Books(run, data)
        await books.comes_to(1, LIFE, within=LOOP_SECONDS_MAX)
        for words in (("lamda", "index"), ("lamda", "react"), ("nats-server",), ("bin/postgres", "-D")):
            before = await books.one("select count(*) from job_confirmed")
            os.kill(run.child(*words), signal.SIGKILL)
            await books.comes_to(before + 2, "select count(*) from job_confirmed", within=RECOVERY_SECONDS_MAX)
        confirmed = await books.one("select array_agg(job_id) from job_confirmed")

        await books.comes_to(0, f"select -({UNCREDITED})", confirmed, within=RECOVERY_SECONDS_MAX)

        wrong = [await books.one(query) for query in (DOUBLED, STRANGE, RUN_TWICE, WRONG_SCORES)]
        assert wrong == [0, 0, 0, 0]
        run.process.send_signal(signal.SIGTERM)
        assert await run.ends() == 0
        logs = [run.seen, *(log.read_text() for log in (data / "logs").glob("*"))]
        assert len(logs) > len(("indexer", "reactor", "API"))
        assert not any(private_key(DEPLOYER).hex() in log for log in logs)


@pytest.mark.timeout(400)
@pytest.mark.long
async def test_a_database_that_was_lost_credits_nothing_twice(tmp_path: Path) -> None:
    """The chains go on with an empty database: what they had credited counts as given, and the rest is credited."""
    data = tmp_path / "data"
    async with up(data) as run:
        await run.shows(READY)
        books = Books(run, data)
        await books.comes_to(3, "select count(*) from job_count_incremented", within=RECOVERY_SECONDS_MAX)
        run.process.send_signal(signal.SIGTERM)
        assert await run.ends() == 0
    server = EmbeddedPostgres(data / "postgres")
    await server.start()
    await server.drop_database(books.database)
    await server.stop()

    async with up(data) as run:
        await run.shows(READY)
        anew = Books(run, data)
        await anew.comes_to(3, "select count(*) from credits where adopted", within=RECOVERY_SECONDS_MAX)
        await anew.comes_to(2, "select count(*) from credit_attempts", within=RECOVERY_SECONDS_MAX)
        confirmed = await anew.one("select array_agg(job_id) from job_confirmed")
        await anew.comes_to(0, f"select -({UNSETTLED})", confirmed, within=RECOVERY_SECONDS_MAX)

        assert await anew.one(OVERCREDITED) == 0
        run.process.send_signal(signal.SIGTERM)
        assert await run.ends() == 0
