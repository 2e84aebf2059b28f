"""What may happen to Postgres, without a job lost or a credit doubled."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.embedded_postgres import EmbeddedPostgres
from tests.effects import proof
from tests.effects.backup_store import restore, take_backup
from tests.effects.conftest import end_of_test, open_marketplace
from tests.effects.marketplace import Marketplace
from tests.effects.programs import Nursery

JOBS_A_SECOND = 4.0


@pytest.fixture
async def own_postgres(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server that may be killed: what it has committed is there afterwards."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def marketplace(own_postgres: EmbeddedPostgres, nursery: Nursery, tmp_path: Path) -> AsyncIterator[Marketplace]:
    """A marketplace on a Postgres of its own."""
    async with open_marketplace(own_postgres, nursery, tmp_path) as opened:
        yield opened
        await end_of_test(opened)


@pytest.mark.long
async def test_postgres_killed_in_the_middle_loses_and_doubles_nothing(
    marketplace: Marketplace, own_postgres: EmbeddedPostgres
) -> None:
    """Killed twice and started again, while jobs are dispatched and credited."""
    marketplace.jobs_a_second = JOBS_A_SECOND
    await marketplace.reactor()
    for _ in range(2):
        await marketplace.goes_on()
        assert own_postgres.pid is not None
        os.kill(own_postgres.pid, signal.SIGKILL)
        await own_postgres.stop()
        await own_postgres.start()
    await marketplace.goes_on()

    await proof.comes_to_rest(marketplace)


@pytest.mark.long
@pytest.mark.parametrize("run_on", [False, True], ids=["between runs", "under running programs"])
async def test_postgres_restored_from_an_older_backup_credits_nothing_twice(
    marketplace: Marketplace, own_postgres: EmbeddedPostgres, run_on: bool
) -> None:
    """Jobs were dispatched, run, confirmed and credited since the backup, and some are under way."""
    marketplace.jobs_a_second = JOBS_A_SECOND
    reactor = await marketplace.reactor()
    await marketplace.goes_on()
    await take_backup(own_postgres, marketplace)
    await marketplace.goes_on(8)
    if not run_on:
        await reactor.kill()
        assert marketplace.indexer is not None
        await marketplace.indexer.kill()
    await restore(own_postgres, marketplace)
    if not run_on:
        await marketplace.start_indexer()
        await marketplace.reactor()
    await marketplace.goes_on()

    await proof.comes_to_rest(marketplace, restored=True)
