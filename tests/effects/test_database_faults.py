"""What may happen to Postgres, without a job lost or a credit doubled."""

import os
import signal

import pytest

from runtime.embedded_postgres import EmbeddedPostgres
from tests.effects import proof
from tests.effects.backup_store import restore, take_backup
from tests.effects.marketplace import Marketplace

JOBS_A_SECOND = 4.0


@pytest.fixture
async def marketplace(own_marketplace: Marketplace) -> Marketplace:
    """The one whose Postgres is the test's own."""
    return own_marketplace


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
