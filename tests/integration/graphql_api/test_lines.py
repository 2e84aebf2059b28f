"""Lines: as many questions as there are, over as few connections as may be, whatever breaks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from graphql_api.lines import PREPARED_MAX, Lines, open_lines
from runtime.database import open_pool
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import Market, created, job_hex

ECHO = b"select 'said ' || $1"
SLEEP = b"select pg_sleep(60)::text"
JOB = "query ($id: Bytes32!) { job(jobId: $id) { status } }"


@asynccontextmanager
async def lines_of(url: str, *, size: int = 2, timeout_seconds: float = 0) -> AsyncIterator[Lines]:
    """Open lines to a database."""
    async with (
        open_pool(url, program="test", size=size, statement_timeout_seconds=timeout_seconds) as pool,
        open_lines(pool) as lines,
    ):
        yield lines


async def pids(url: str) -> list[int]:
    """Return who is connected as the test's program, but for the pool's own connection."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await connection.execute(
            "select pid from pg_stat_activity where application_name = 'lamda-test' and query like '%said%'"
        )
        return [pid for (pid,) in await rows.fetchall()]


async def test_more_questions_than_lines(schema_url: str) -> None:
    """Each is answered with its own, over no more connections than may be."""
    async with lines_of(schema_url) as lines:
        answers = await asyncio.gather(*(lines.ask(ECHO, [str(number)]) for number in range(10)))

        assert [f"said {number}".encode() for number in range(10)] == answers
        assert len(await pids(schema_url)) == 2


async def test_a_question_larger_than_a_socket_takes(schema_url: str) -> None:
    """What does not go out at once goes out by and by, and comes back."""
    large = "x" * 20_000_000
    async with lines_of(schema_url) as lines:
        assert len(await lines.ask(ECHO, [large])) == len(large) + len("said ")


async def test_a_line_that_broke_is_replaced(schema_url: str) -> None:
    """Whether nobody asked over it when it broke, or somebody did."""
    async with lines_of(schema_url, size=1) as lines:
        await lines.ask(ECHO, ["before"])
        async with await psycopg.AsyncConnection.connect(schema_url, autocommit=True) as connection:
            for pid in await pids(schema_url):
                await connection.execute("select pg_terminate_backend(%s, 5000)", [pid])
        with pytest.raises(psycopg.OperationalError):
            await lines.ask(b"select pg_terminate_backend(pg_backend_pid())::text", [])

        assert await lines.ask(ECHO, ["after"]) == b"said after"


async def test_who_gives_up_frees_the_line(schema_url: str) -> None:
    """Its connection goes with the statement that still runs on it."""
    async with lines_of(schema_url, size=1) as lines:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await lines.ask(SLEEP, [])

        assert await lines.ask(ECHO, ["after"]) == b"said after"


async def test_a_statement_that_fails_leaves_the_line_as_it_was(schema_url: str) -> None:
    """There is no transaction that it could spoil."""
    async with lines_of(schema_url, size=1, timeout_seconds=0.1) as lines:
        with pytest.raises(psycopg.errors.QueryCanceled):
            await lines.ask(SLEEP, [])
        with pytest.raises(psycopg.errors.NumericValueOutOfRange):
            await lines.ask(b"select ($1::int8::int4)::text", [2**40])

        assert await lines.ask(ECHO, ["after"]) == b"said after"


async def test_no_more_statements_stay_prepared_than_may(schema_url: str) -> None:
    """With one more, all are forgotten, and the next is prepared anew."""
    async with lines_of(schema_url, size=1) as lines:
        for number in range(PREPARED_MAX + 1):
            await lines.ask(f"select 'statement {number}'".encode(), [])

        assert await lines.ask(b"select count(*)::text from pg_prepared_statements", []) == b"2"


async def test_a_plan_that_takes_too_long_is_told_as_ever(schema_url: str, market: Market) -> None:
    """The general executor says so, without waiting once more."""
    await market.commit(created(1, 10, payment=1))
    async with (
        serving(schema_url, API_STATEMENT_TIMEOUT_SECONDS=0.3) as api,
        await psycopg.AsyncConnection.connect(schema_url) as connection,
    ):
        await connection.execute("lock table jobs in access exclusive mode")
        body = {"query": JOB, "variables": {"id": job_hex(1)}}
        async with api.session.post(f"{api.url}/graphql", json=body) as response:
            answer = await response.json()

        assert answer["data"] == {"job": None}
        assert answer["errors"][0]["extensions"]["code"] == "TOO_SLOW"


async def test_what_was_passed_on_is_counted(api: Client) -> None:
    """By its reason, beside what plans answered."""
    for query in ("{ jobs { totalCount } }", "{ me { address } }", "{ me { address } }", "{ nothing }"):
        await api.session.post(f"{api.url}/graphql", json={"query": query})
    async with api.session.get(f"{api.url}/ready") as response:
        answer = await response.json()

    assert answer["queries"] == {"answered": 1, "passedOn": {"Query.me": 2, "invalid": 1}}
