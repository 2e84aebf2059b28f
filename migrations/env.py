"""Alembic's entry: run migrations on the URL that `migrations.upgrade` passed, one program at a time."""

from pathlib import Path
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import create_engine, text

import migrations
from migrations.parts import floor_of
from models import SQLModel

MIGRATION_LOCK = 7_041_204_704
"""Two programs that migrate at once would both create the tables; the second waits here instead."""


def run() -> None:
    """Run the pending migrations in one transaction."""
    engine = create_engine(context.config.attributes["url"])
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            compare_type=True,
            on_version_apply=leave_word,  # type: ignore[arg-type]  # It is called by keyword.
        )
        with context.begin_transaction():
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            context.run_migrations()
    engine.dispose()


def leave_word(*, ctx: MigrationContext, step: MigrationInfo, **_: Any) -> None:
    """Note in the database how new a version must be, where a migration has taken away what older ones need."""
    if step.up_revision_id is None or not step.is_upgrade:
        return
    floor = floor_of(step.up_revision_id, migrations.history(Path(context.script.dir)))
    if floor is not None:
        assert ctx.connection is not None, "we are not writing a script"
        # A comment takes no parameters; a revision is a number of ours.
        ctx.connection.execute(text(f"comment on table alembic_version is '{floor}'"))


run()
