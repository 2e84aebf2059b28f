"""
The real servers that integration tests run against, started once and thrown away.
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest

from devnet.anvil import Anvil, Flavour
from runtime.embedded_postgres import EmbeddedPostgres

# Nothing here must survive a power cut.
IN_A_HURRY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@pytest.fixture(scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedPostgres]:
    """One Postgres server for the whole session."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), settings=IN_A_HURRY)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def database_url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The URL of a fresh, empty database, dropped after the test."""
    name = f"test_{secrets.token_hex(6)}"
    yield await postgres.create_database(name)
    await postgres.drop_database(name)


class StartAnvil(Protocol):
    """Start a chain of a flavour that ends with the test; without a folder it gets one of its own."""

    async def __call__(self, flavour: Flavour, *, folder: Path | None = None, port: int | None = None) -> Anvil: ...


@pytest.fixture
async def start_anvil(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StartAnvil]:
    """A way to start local chains."""
    async with AsyncExitStack() as chains:

        async def start(flavour: Flavour, *, folder: Path | None = None, port: int | None = None) -> Anvil:
            chain = Anvil(flavour, folder=folder or tmp_path_factory.mktemp(flavour.name), port=port)
            return await chains.enter_async_context(chain)

        yield start
