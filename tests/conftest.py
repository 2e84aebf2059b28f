"""The Postgres server that tests of several rooms run against, started once and thrown away."""

import secrets
import signal
from collections.abc import AsyncIterator

import pytest

from runtime.embedded_postgres import EmbeddedPostgres

# What a script starts in the background is born deaf to Ctrl-C, and so would be the programs that tests send it to.
signal.signal(signal.SIGINT, signal.default_int_handler)

BEGIN_WITH = ("tests/integration/lamda/", "tests/simulation/", "tests/effects/")
"""What takes longest for a file, so that no worker is left with it at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first, and leave the rest in order."""
    items.sort(key=lambda item: not item.nodeid.startswith(BEGIN_WITH))


# Nothing here must survive a power cut. Without statistics that change under way, plans stay the same.
IN_A_HURRY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


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
