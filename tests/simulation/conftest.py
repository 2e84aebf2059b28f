"""One migrated database for all the worlds of a test process."""

import asyncio
from collections.abc import AsyncIterator

import pytest

import migrations
from runtime.embedded_postgres import EmbeddedPostgres
from tests.simulation.database import Database


@pytest.fixture(scope="session")
async def database_address(postgres: EmbeddedPostgres) -> str:
    """The URL of the worlds' database."""
    url = await postgres.create_database("simulation")
    await asyncio.to_thread(migrations.upgrade, url)
    return url


@pytest.fixture(scope="session")
async def database(database_address: str) -> AsyncIterator[Database]:
    """The worlds' database, emptied by each of them before it begins."""
    opened = Database(database_address)
    yield opened
    opened.close()
