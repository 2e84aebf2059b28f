"""A schema that moves on in two parts: the version that runs and the one that comes both survive each step."""

import asyncio
import shutil
from functools import partial
from pathlib import Path

import pytest

import migrations
from lamda import queries
from runtime.database import Pool
from tests.integration.indexer.conftest import Indexing, index, pool, world
from tests.integration.indexer.tables import one
from tests.integration.local_chain import World

__all__ = ["index", "pool", "world"]

BEFORE, AFTER = "9998", "9999"
ADDS = """
alter table jobs add column note text;
alter table job_created add column seen_by text not null default 'nobody';
alter table checkpoints add column hint bigint;
create table notes (job_id bytea primary key);
"""
TAKES = "alter table jobs drop column error; drop table told_reasons;"
MIGRATION = '''"""Made up."""
from alembic import op
revision, down_revision, PART = {revision!r}, {down!r}, {part!r}
def upgrade():
    op.execute({statement!r})
'''


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """The migrations of a version that comes after ours, with a part before its deploy and a part after it."""
    return version_after_ours(tmp_path, takes=TAKES)


def version_after_ours(folder: Path, *, takes: str) -> Path:
    """Make the migrations of a version that comes after ours, which takes something away once ours is gone."""
    made = folder / "migrations"
    shutil.copytree(migrations.FOLDER, made, ignore=shutil.ignore_patterns("__pycache__"))
    for revision, down, part, statement in (
        (BEFORE, migrations.newest(), "before", ADDS),
        (AFTER, BEFORE, "after", takes),
    ):
        text = MIGRATION.format(revision=revision, down=down, part=part, statement=statement)
        (made / "versions" / f"{revision}_made_up.py").write_text(text)
    return made


async def test_both_versions_survive_each_part(
    world: World, index: Indexing, pool: Pool, database_url: str, next_version: Path
) -> None:
    """
    Before the part before, our version runs; between the parts both do, and ours goes on writing.

    After the part after only the next one does, and ours is refused before it touches a table.
    """
    ours = partial(asyncio.to_thread, migrations.check, database_url)
    theirs = partial(asyncio.to_thread, partial(migrations.check, database_url, folder=next_version))
    upgrade = partial(migrations.upgrade, database_url, folder=next_version)
    await ours()
    with pytest.raises(migrations.SchemaOutdated, match=f"needs {BEFORE}: run `lamda migrate`"):
        await theirs()

    assert (migrations.newest(), BEFORE) == await asyncio.to_thread(upgrade)
    await ours()
    await theirs()
    await world.create_job(b"j" * 32)
    await world.bsc.mine(20)
    await index.settle()
    assert await one(pool, "select count(*) from jobs") == (1,)
    assert (await queries.chain_statuses(pool))[0].indexed > 20
    again = await asyncio.to_thread(migrations.upgrade, database_url)
    assert again == (BEFORE, BEFORE)

    assert await asyncio.to_thread(partial(upgrade, after=True)) == (BEFORE, AFTER)
    await theirs()
    refused = f"took away what this program, made for {migrations.newest()}, needs: run a version made for {BEFORE}"
    with pytest.raises(migrations.SchemaOutdated, match=refused):
        await ours()
    with pytest.raises(migrations.SchemaOutdated, match=refused):
        await asyncio.to_thread(migrations.upgrade, database_url)


async def test_a_new_database_gets_both_parts_at_once(database_url: str, next_version: Path) -> None:
    """There is no older version to mind."""
    made = await asyncio.to_thread(partial(migrations.upgrade, database_url, folder=next_version))

    assert made == (None, AFTER)
