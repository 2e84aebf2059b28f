"""Find events by their transaction."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("job_created", "job_confirmed", "payment_claimed", "node_registered", "node_heartbeat")


def upgrade() -> None:
    """Apply."""
    for table in TABLES:
        op.create_index(f"{table}_by_transaction", table, ["transaction_hash"], postgresql_using="hash")


def downgrade() -> None:
    """Undo."""
    for table in TABLES:
        op.drop_index(f"{table}_by_transaction", table_name=table)
