"""
The schema, step by step (Alembic).

A file in `versions/` never changes after it lands. `upgrade` is what `lamda migrate` runs; `check` is what every
other program runs before it touches a table. Schema built from here equals schema built from `models`: a test says so.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from runtime.errors import CannotRun

_FOLDER = Path(__file__).parent


class SchemaOutdated(CannotRun):
    """The database is empty of our tables, or its schema is not the one this code was written for."""


def upgrade(url: str) -> tuple[str | None, str]:
    """Bring the database at `url` to the newest schema; return the revisions before and after."""
    before = _revision(url)
    command.upgrade(_config(url), "head")
    return before, newest()


def check(url: str) -> None:
    """Raise `SchemaOutdated` unless the database at `url` has the newest schema."""
    found = _revision(url)
    if found != newest():
        raise SchemaOutdated(
            f"database schema is at revision {found or 'none'}, this program needs {newest()}: run `lamda migrate`"
        )


def current(url: str) -> str | None:
    """Return the revision that the database at `url` is at, or None where it has no schema of ours."""
    return _revision(url)


def newest() -> str:
    """Return the revision this code was written for."""
    revision = ScriptDirectory(str(_FOLDER)).get_current_head()
    assert revision is not None, "migrations/versions is empty"
    return revision


def _revision(url: str) -> str | None:
    engine = create_engine(_sqlalchemy_url(url))
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["url"] = _sqlalchemy_url(url)
    return config


def _sqlalchemy_url(url: str) -> str:
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
