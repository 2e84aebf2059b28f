"""A small bazaar, which nobody changes for good."""

import asyncio
from collections.abc import AsyncIterator

import pytest

import migrations
from benchmarks import bazaar_store
from benchmarks.bazaar_store import Bazaar
from runtime.embedded_postgres import EmbeddedPostgres

SMALL = Bazaar(jobs=2_000, providers=300, days=20)


@pytest.fixture(scope="package")
async def bazaar_url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The URL of a database with a bazaar in it."""
    url = await postgres.create_database("bazaar")
    await asyncio.to_thread(migrations.upgrade, url)
    await bazaar_store.fill(url, SMALL)
    yield url
    await postgres.drop_database("bazaar")
