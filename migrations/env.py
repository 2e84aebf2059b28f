"""Alembic's entry: run migrations on the URL that `migrations.upgrade` passed, one program at a time."""

from alembic import context
from sqlalchemy import create_engine, text

from models import SQLModel

MIGRATION_LOCK = 7_041_204_704
"""Two programs that migrate at once would both create the tables; the second waits here instead."""


def run() -> None:
    """Run the pending migrations in one transaction."""
    engine = create_engine(context.config.attributes["url"])
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=SQLModel.metadata, compare_type=True)
        with context.begin_transaction():
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            context.run_migrations()
    engine.dispose()


run()
