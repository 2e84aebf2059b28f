"""Where documents are rehearsed: a marketplace on servers of its own that may be lost, and a clean checkout."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from runtime.embedded_postgres import EmbeddedPostgres
from tests.effects.conftest import end_of_test, nursery, open_marketplace
from tests.effects.marketplace import Marketplace
from tests.effects.programs import Nursery
from tests.rehearsals.checkout import cloned

__all__ = ["nursery"]


@pytest.fixture
async def own_postgres(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server whose databases are the test's."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def marketplace(own_postgres: EmbeddedPostgres, nursery: Nursery, tmp_path: Path) -> AsyncIterator[Marketplace]:
    """A marketplace in full swing, but for a reactor."""
    async with open_marketplace(own_postgres, nursery, tmp_path) as opened:
        yield opened
        await end_of_test(opened)


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout of the project's own."""
    with cloned(tmp_path_factory.mktemp("clone") / "lamda") as folder:
        yield folder


@pytest.fixture
def checkout(clone: Path) -> Iterator[Path]:
    """A checkout in which there was never a world."""
    yield clone
    shutil.rmtree(clone / ".lamda", ignore_errors=True)
