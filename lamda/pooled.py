"""Run a short command on the database, once its schema is the one we know."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import migrations
from lamda.databases import database_url
from lamda.running import run
from runtime.database import Pool, open_pool
from runtime.settings import CommonSettings, load


def run_on_database(work: Callable[[Pool], Awaitable[None]], data: Path, *, program: str) -> None:
    """Open the database that the settings or the data folder name, check it, and do the work; `program` is who asks."""
    (common,) = load(CommonSettings)

    async def begin(_: asyncio.Event) -> None:
        async with (
            database_url(common, data) as url,
            open_pool(url, program=program, size=1, wait_seconds=common.connect_timeout_seconds) as pool,
        ):
            await asyncio.to_thread(migrations.check, url)
            await work(pool)

    run(begin, common, level="ERROR")
