"""The schema that migrations build is the schema that the models describe."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

import migrations
from models import SQLModel
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.models.catalog import Catalog, catalog

MIGRATE = "import sys, migrations; print(migrations.upgrade(sys.argv[1]))"
# As in migrations/env.py, whose import would run it.
MIGRATION_LOCK = 7_041_204_704
WAITING = """
    select count(*) from pg_locks join pg_database on oid = database
    where locktype = 'advisory' and not granted and datname = current_database()
"""


def sqlalchemy_url(url: str) -> str:
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    engine = create_engine(sqlalchemy_url(url))
    try:
        yield engine
    finally:
        engine.dispose()


def catalog_of(url: str) -> Catalog:
    with engine_of(url) as engine:
        return catalog(engine)


@pytest.fixture
async def migrated(database_url: str) -> str:
    """A database made by the migrations."""
    await asyncio.to_thread(migrations.upgrade, database_url)
    return database_url


@pytest.fixture
async def created(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database made from the models."""
    name = f"test_models_{secrets.token_hex(6)}"
    url = await postgres.create_database(name)
    with engine_of(url) as engine:
        SQLModel.metadata.create_all(engine)
    yield url
    await postgres.drop_database(name)


async def test_models_and_migrations_build_the_same_schema(created: str, migrated: str) -> None:
    """Columns, types, defaults, nullability, identities, indexes and constraints are equal, by name and content."""
    assert catalog_of(created) == catalog_of(migrated)


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("columns", "alter table jobs alter column has_spec set default false"),
        ("columns", "alter table jobs alter column payment type numeric(77, 0)"),
        ("columns", "alter table providers alter column gpu_model drop not null"),
        ("columns", "alter table agent_reports alter column id set generated always"),
        ("indexes", "drop index payment_claimed_by_provider"),
        ("constraints", "alter table checkpoints drop constraint state_trails_facts"),
        ("constraints", "alter table providers drop constraint providers_wallet_address_key"),
        ("relations", "alter table job_created set (fillfactor = 90)"),
        ("triggers", "create trigger quiet before update on jobs for each row execute function noop_trigger()"),
    ],
)
async def test_the_comparison_sees_each_kind_of_difference(migrated: str, kind: str, statement: str) -> None:
    """A default, a precision, an identity, an index, a constraint: whatever differs is found."""
    with engine_of(migrated) as engine:
        change(engine, "create function noop_trigger() returns trigger language plpgsql as 'begin return new; end'")
        before = catalog(engine)
        change(engine, statement)

        assert before[kind] != catalog(engine)[kind]


async def test_alembic_finds_nothing_left_to_migrate(migrated: str) -> None:
    """`alembic revision --autogenerate` would write an empty migration."""
    with engine_of(migrated) as engine, engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})

        assert compare_metadata(context, SQLModel.metadata) == []


async def test_a_migrated_database_has_one_feed_of_its_own(migrated: str) -> None:
    """The counter of positions starts at zero, in a lineage that no other database has."""
    async with await psycopg.AsyncConnection.connect(migrated) as connection:
        rows = await (await connection.execute("select id, position, epoch is not null from feed")).fetchall()

    assert rows == [(1, 0, True)]


async def test_downgrade_to_base_leaves_nothing_of_ours(migrated: str) -> None:
    """Down and up again gives the same schema, and down alone an empty one."""
    expected = catalog_of(migrated)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["url"] = sqlalchemy_url(migrated)

    await asyncio.to_thread(command.downgrade, config, "base")
    empty = catalog_of(migrated)
    await asyncio.to_thread(migrations.upgrade, migrated)

    assert all(rows == [] for rows in empty.values()), empty
    assert expected == catalog_of(migrated)


async def test_upgrade_says_what_it_found_and_what_it_made(database_url: str) -> None:
    """From nothing to the newest, and then from the newest to the newest."""
    newest = migrations.newest()

    assert (None, newest) == await asyncio.to_thread(migrations.upgrade, database_url)
    assert (newest, newest) == await asyncio.to_thread(migrations.upgrade, database_url)


async def test_a_migrated_database_passes_the_check(migrated: str) -> None:
    """What `upgrade` made, every program accepts."""
    await asyncio.to_thread(migrations.check, migrated)


async def test_an_empty_database_is_refused(database_url: str) -> None:
    """A program started before `lamda migrate` says so, instead of failing on its first table."""
    expected = f"database schema is at revision none, this program needs {migrations.newest()}: run `lamda migrate`"

    with pytest.raises(migrations.SchemaOutdated) as refusal:
        await asyncio.to_thread(migrations.check, database_url)

    assert expected == str(refusal.value)


async def test_an_old_database_is_refused(migrated: str) -> None:
    """A program newer than the database names both revisions and the remedy."""
    with engine_of(migrated) as engine:
        change(engine, "update alembic_version set version_num = '0000'")

    with pytest.raises(migrations.SchemaOutdated, match=r"at revision 0000, this program needs .* run `lamda migrate`"):
        await asyncio.to_thread(migrations.check, migrated)


async def test_programs_that_migrate_at_once_do_not_clash(database_url: str, created: str) -> None:
    """Of three that meet before the first table, one makes the schema and the others find it made."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as gate:
        await gate.execute("select pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        programs = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", MIGRATE, database_url),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            for _ in range(3)
        ]
        async with asyncio.timeout(60):
            while (await (await gate.execute(WAITING)).fetchone()) != (3,):
                await asyncio.sleep(0.02)
        await gate.execute("select pg_advisory_unlock(%s)", (MIGRATION_LOCK,))
        ends = [await program.communicate() for program in programs]

    assert [program.returncode for program in programs] == [0, 0, 0], ends
    assert catalog_of(created) == catalog_of(database_url)


def change(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))
