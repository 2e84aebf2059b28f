"""
The schema, step by step (Alembic).

A file in `versions/` never changes after it lands. `upgrade` is what `lamda migrate` runs, before a deploy and with
`after` after it (`parts`); `check` is what every other program runs before it touches a table. Schema built from here
equals schema built from `models`: a test says so.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from migrations.parts import Part, Step, complaint, needed
from runtime.errors import CannotRun

FOLDER = Path(__file__).parent


class SchemaOutdated(CannotRun):
    """The database is empty of our tables, or its schema is not one this code can run on."""


def upgrade(url: str, *, after: bool = False, folder: Path = FOLDER) -> tuple[str | None, str]:
    """
    Bring the database at `url` to the schema this code needs; return the revisions before and after.

    What only the version before needs is taken away when `after` says that it is gone, or when there was none. Raises
    `SchemaOutdated` where a newer version has taken away what this one needs.
    """
    before, floor = _standing(url)
    steps = history(folder)
    revisions = [step.revision for step in steps]
    if before is not None and before > revisions[-1]:
        # Made by a newer version: nothing is left to do, or we are too old.
        if trouble := complaint(before, floor, steps):
            raise SchemaOutdated(trouble)
        return before, before
    target = revisions[-1] if after or before is None else needed(steps)
    if before is not None and before >= target:
        return before, before
    command.upgrade(_config(url, folder), target)
    return before, target


def check(url: str, *, folder: Path = FOLDER) -> None:
    """Raise `SchemaOutdated` unless this code can run on the schema of the database at `url`."""
    trouble = trouble_with(url, folder=folder)
    if trouble is not None:
        raise SchemaOutdated(trouble)


def trouble_with(url: str, *, folder: Path = FOLDER) -> str | None:
    """Return why this code cannot run on the schema of the database at `url`, or None when it can."""
    return complaint(*_standing(url), history(folder))


def current(url: str) -> str | None:
    """Return the revision that the database at `url` is at, or None where it has no schema of ours."""
    return _standing(url)[0]


def newest(folder: Path = FOLDER) -> str:
    """Return the newest revision that this code knows."""
    return history(folder)[-1].revision


def history(folder: Path = FOLDER) -> list[Step]:
    """Return all migrations, oldest first."""
    scripts = reversed(list(ScriptDirectory(str(folder)).walk_revisions()))
    return [Step(script.revision, Part(getattr(script.module, "PART", Part.BEFORE))) for script in scripts]


def _standing(url: str) -> tuple[str | None, str | None]:
    """Return the revision of a database, and the floor that its newest part after has left."""
    engine = create_engine(_sqlalchemy_url(url))
    try:
        with engine.connect() as connection:
            if connection.execute(text("select to_regclass('alembic_version')")).scalar() is None:
                return None, None
            return (
                connection.execute(text("select version_num from alembic_version")).scalar(),
                connection.execute(text("select obj_description('alembic_version'::regclass)")).scalar(),
            )
    finally:
        engine.dispose()


def _config(url: str, folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["url"] = _sqlalchemy_url(url)
    return config


def _sqlalchemy_url(url: str) -> str:
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
