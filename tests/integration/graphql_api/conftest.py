"""A migrated database, facts in it, and the API serving it on a free port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

import migrations
from graphql_api.program import serve
from runtime.ports import free_port
from runtime.settings import ApiSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import Market


@pytest.fixture
async def schema_url(database_url: str) -> str:
    """The URL of a database with our tables, all empty."""
    await asyncio.to_thread(migrations.upgrade, database_url)
    return database_url


@pytest.fixture
async def market(schema_url: str) -> Market:
    """The same database, to commit facts to."""
    return Market(schema_url)


@pytest.fixture
async def api(schema_url: str) -> AsyncIterator[Client]:
    """A client of an API that serves the database."""
    async with serving(schema_url) as client:
        yield client


@asynccontextmanager
async def serving(database_url: str, **settings: object) -> AsyncIterator[Client]:
    """Serve a database for as long as the block lasts."""
    port, started, stop = free_port(), asyncio.Event(), asyncio.Event()
    chosen = ApiSettings.model_validate({"API_PORT": port, **settings})
    server = asyncio.create_task(
        serve(chosen, database_url=database_url, stop=stop, on_started=lambda _: started.set())
    )
    starting = asyncio.create_task(started.wait())
    await asyncio.wait({server, starting}, return_when=asyncio.FIRST_COMPLETED)
    starting.cancel()
    if server.done():
        server.result()
    async with aiohttp.ClientSession() as session:
        yield Client(f"http://127.0.0.1:{port}", session)
    stop.set()
    await server
