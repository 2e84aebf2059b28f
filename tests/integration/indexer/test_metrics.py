"""An indexer tells what it committed, what a reorg took back, how its endpoints fare and how far its chains are."""

import asyncio
from typing import Any

from aiohttp import web

from indexer.program import Source, index
from runtime.database import Pool
from runtime.metrics import Metrics
from tests.integration.exposition import Exposition
from tests.integration.indexer.conftest import OFFLINE_AFTER, pool, world
from tests.integration.local_chain import World
from tests.integration.meddler import Call, meddling

__all__ = ["pool", "world"]

JOB = bytes.fromhex("aa" * 32)


async def test_what_happens_to_a_chain_is_told(world: World, pool: Pool) -> None:
    """A job, an endpoint that asks for patience once, and a reorg of three blocks."""
    metrics, stop = Metrics("indexer"), asyncio.Event()
    complaints = [web.HTTPServiceUnavailable()]

    def fail_once(call: Call, result: Any) -> Any:
        if call["method"] == "eth_getLogs" and complaints:
            raise complaints.pop()
        return result

    await world.create_job(JOB)
    await world.bsc.mine(10)
    async with meddling(world.bsc.url) as meddler:
        meddler.meddle = fail_once
        source = Source(followed=world.job_manager, urls=(meddler.url,), poll_seconds=0.02)
        program = asyncio.create_task(
            index(pool, [source], stop, offline_after=OFFLINE_AFTER, wait_seconds=5, metrics=metrics)
        )
        before = await _until(metrics, "lamda_chain_indexed_block", await world.bsc.head())
        await world.bsc.reorg(3)
        await world.bsc.mine()
        told = await _until(metrics, "lamda_indexer_reorg_depth_blocks_count", 1)
        stop.set()
        await program

    assert before.value("lamda_indexer_reorg_depth_blocks_count", chain="bsc") == 0
    assert told.value("lamda_indexer_logs_total", chain="bsc", event="job_created") == 1
    assert told.value("lamda_indexer_reorg_depth_blocks_sum", chain="bsc") == 3
    assert told.value("lamda_indexer_commit_seconds_count", chain="bsc") > 0
    assert told.value("lamda_endpoint_requests_total", method="eth_getLogs", outcome="trouble") == 1
    assert told.value("lamda_endpoint_requests_total", method="eth_getLogs", outcome="answered") > 0
    assert told.value("lamda_endpoint_resting", cause="none") == 0
    assert told.value("lamda_chain_led", chain="bsc") == 1
    assert told.value("lamda_chain_lag_seconds", chain="bsc") >= 0
    assert told.value("lamda_database_up") == 1
    assert told.labels("lamda_indexer_seconds_total", "doing") >= {"read", "commit", "rest"}


async def test_without_the_database_the_rest_is_told(world: World, pool: Pool) -> None:
    """Figures that are rows are absent, for an old one would be taken for a new one."""
    metrics, stop = Metrics("indexer"), asyncio.Event()
    source = Source(followed=world.job_manager, urls=(world.bsc.url,), poll_seconds=0.02)
    await index(pool, [source], stop, offline_after=OFFLINE_AFTER, wait_seconds=5, to_block=1, metrics=metrics)
    before = await Exposition.of(metrics)
    await pool.close()
    after = await Exposition.of(metrics)

    assert (before.value("lamda_database_up"), after.value("lamda_database_up")) == (1, 0)
    assert before.has("lamda_chain_indexed_block")
    assert not after.has("lamda_chain_indexed_block")
    assert after.value("lamda_indexer_blocks_total", chain="bsc") > 0


async def _until(metrics: Metrics, name: str, least: float) -> Exposition:
    """Return what is told once a figure is at least so high."""
    async with asyncio.timeout(20):
        while not (told := await Exposition.of(metrics)).has(name) or told.value(name) < least:
            await asyncio.sleep(0.05)
    return told
