"""The indexer as a program: it waits for what may come, ends in words where a person must act, and stops when told."""

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from indexer.program import Source, index
from indexer.values import Followed
from runtime.database import Pool
from runtime.errors import CannotRun
from runtime.ports import free_port
from tests.integration.indexer.conftest import OFFLINE_AFTER
from tests.integration.indexer.tables import one
from tests.integration.local_chain import World
from tests.integration.meddler import Call, meddling

JOB = bytes.fromhex("aa" * 32)
END_OTHERS = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""


async def run(
    pool: Pool,
    *sources: Source,
    stop: asyncio.Event | None = None,
    wait_seconds: float = 0.5,
    to_block: int | None = None,
) -> None:
    never = asyncio.Event()
    await index(pool, sources, stop or never, offline_after=OFFLINE_AFTER, wait_seconds=wait_seconds, to_block=to_block)


def source(followed: Followed, url: str) -> Source:
    return Source(followed=followed, urls=(url,), poll_seconds=0.02)


def nowhere() -> str:
    return f"http://127.0.0.1:{free_port()}"


async def test_an_unreachable_endpoint_ends_the_program_after_the_stated_time(world: World, pool: Pool) -> None:
    """Not before, in case the endpoint is only starting, and not much later."""
    began = time.monotonic()

    with pytest.raises(CannotRun, match=r"no usable answer from BSC_RPC_URL within 1 s: .*[Cc]onnect"):
        await run(pool, source(world.job_manager, nowhere()), wait_seconds=1)

    assert 1 <= time.monotonic() - began < 6


async def test_an_endpoint_that_refuses_us_ends_the_program_at_once(world: World, pool: Pool) -> None:
    """A key that is not accepted will not be accepted later: nothing is gained by waiting."""

    def refuse(_: Call, __: Any) -> Any:
        raise web.HTTPUnauthorized(text="invalid API key")

    began = time.monotonic()
    async with meddling(world.bsc.url) as meddler:
        meddler.meddle = refuse
        with pytest.raises(CannotRun, match=r"^BSC_RPC_URL cannot be used: .* HTTP 401 invalid API key") as refusal:
            await run(pool, source(world.job_manager, meddler.url), wait_seconds=30)

    assert "30 s" not in str(refusal.value)
    assert time.monotonic() - began < 10


async def test_a_program_told_to_stop_while_it_waits_for_an_endpoint_ends_quietly(world: World, pool: Pool) -> None:
    """Ctrl-C before the chain answered is no error, and leaves nothing behind."""
    stop = asyncio.Event()
    program = asyncio.create_task(run(pool, source(world.job_manager, nowhere()), stop=stop, wait_seconds=60))
    await asyncio.sleep(0)
    stop.set()
    async with asyncio.timeout(10):
        await program

    assert await one(pool, "select count(*) from checkpoints") == (0,)


async def test_the_second_endpoint_is_asked_when_the_first_is_gone(world: World, pool: Pool) -> None:
    """Several URLs are an order of preference."""
    await world.create_job(JOB)
    await world.bsc.mine()
    urls = (nowhere(), world.bsc.url)
    await run(pool, replace(source(world.job_manager, ""), urls=urls), to_block=2)

    assert await one(pool, "select count(*) from jobs") == (1,)


async def test_trouble_on_the_way_is_waited_out(world: World, pool: Pool) -> None:
    """An endpoint that fails for a while, in many ways, costs time only."""
    await world.create_job(JOB)
    await world.bsc.mine(300)
    troubles = [
        web.HTTPTooManyRequests(headers={"Retry-After": "0"}),
        web.HTTPServiceUnavailable(),
        web.HTTPOk(text="<html>maintenance</html>"),
        web.HTTPOk(text=json.dumps({"error": {"code": -32005, "message": "limit exceeded"}})),
        web.HTTPRequestEntityTooLarge(1, 1),
        web.HTTPUnauthorized(),
    ]

    def fail(call: Call, result: Any) -> Any:
        if call["method"] == "eth_getLogs" and troubles:
            raise troubles.pop()
        return result

    async with meddling(world.bsc.url) as meddler:
        meddler.meddle = fail
        await run(pool, source(world.job_manager, meddler.url), to_block=300)

    assert troubles == []
    assert await one(pool, "select count(*) from jobs") == (1,)


async def test_a_lost_database_connection_is_waited_out(world: World, pool: Pool) -> None:
    """Connections that Postgres ended are replaced, and the program goes on where it was."""
    await world.create_job(JOB)
    await world.bsc.mine()
    stop = asyncio.Event()
    program = asyncio.create_task(run(pool, source(world.job_manager, world.bsc.url), stop=stop))
    for number in range(10):
        await world.create_job(bytes([number]) * 32)
        await world.bsc.mine()
        async with pool.connection() as connection:
            await connection.execute(END_OTHERS)
    head = await world.bsc.head()
    async with asyncio.timeout(30):
        while await reached(pool) < head:
            await asyncio.sleep(0.02)
    stop.set()
    await program

    assert await one(pool, "select count(*) from jobs") == (11,)


async def reached(pool: Pool) -> int:
    async with pool.connection() as connection:
        row = await (await connection.execute("select max(number) from checkpoints")).fetchone()
    return row[0] if row and row[0] is not None else 0
