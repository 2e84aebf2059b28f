"""The runbook of a restore, on a system that went on after its backup was taken."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from models.values import Chain
from runtime.embedded_postgres import EmbeddedPostgres
from tests.effects import proof
from tests.effects.marketplace import Marketplace, until
from tests.rehearsals.page import Page

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

PAGE = "docs/operations/backup-and-restore.md"
JOBS_A_SECOND = 2.0


async def test_a_backup_is_put_back_and_nothing_is_credited_twice(
    marketplace: Marketplace, own_postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    """Jobs were run, confirmed and credited since the backup; all programs are stopped first, as the page says."""
    page = Page(PAGE, marketplace.settings(), tmp_path)
    marketplace.jobs_a_second = JOBS_A_SECOND
    reactor = await marketplace.reactor()
    await marketplace.goes_on()
    await page.run('pg_dump --format custom --file lamda.dump "$DATABASE_URL"')
    await marketplace.goes_on(8)
    await reactor.end()
    assert marketplace.indexer is not None
    await marketplace.indexer.end()
    await own_postgres.drop_database(_name(marketplace.database_url))

    page.set(**_for_createdb(marketplace.database_url))
    await page.run("createdb lamda", {"lamda": _name(marketplace.database_url)})
    await page.run('pg_restore --dbname "$DATABASE_URL" lamda.dump')
    await page.run("lamda migrate")
    assert "new lineage" in await page.run("lamda restored")
    await marketplace.start_indexer()
    await until(lambda: _is_read(marketplace), within=30, what="both chains are at their heads")
    assert "indexed" in await page.run("lamda status")
    assert "nothing is wrong" in await page.run("lamda doctor")
    assert "DIFFERS" not in await page.run("lamda audit")
    await marketplace.reactor()
    assert "nonces accounted for" in await page.run("lamda credits")
    await marketplace.goes_on()
    await proof.comes_to_rest(marketplace, restored=True)
    assert "no signer is halted" in await page.run("lamda credits adopt", code=1)

    assert page.left == []


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


def _for_createdb(url: str) -> dict[str, str]:
    """Return how Postgres' own programs find the server where they are given no URL."""
    parts = urlsplit(url)
    names = {"PGHOST": parts.hostname, "PGPORT": parts.port, "PGUSER": parts.username, "PGPASSWORD": parts.password}
    return {name: str(value) for name, value in names.items()}


async def _is_read(marketplace: Marketplace) -> bool:
    heads = {chain: await marketplace.world.chain(chain).head() for chain in Chain}
    rows = dict(await marketplace.market.ask("select chain, number from checkpoints"))
    return all(rows[chain] >= heads[chain] - 3 for chain in Chain)
