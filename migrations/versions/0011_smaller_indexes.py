"""
Make the indexes of facts smaller: no log index behind a job and a block, and of a transaction the first bytes.

An index may be missing while a first backfill runs (`indexer.index_store`), and is made again with the others then.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BY_JOB = ("job_created", "job_confirmed", "payment_claimed")
BY_TRANSACTION = ("job_created", "job_confirmed", "payment_claimed", "node_registered", "node_heartbeat")
CREDITS = "job_count_incremented"
START = sa.text("substr(transaction_hash, 1, 4)")


def drop() -> None:
    """Drop the indexes that are there; their names stay the same."""
    for table in BY_JOB:
        op.execute(f"drop index if exists {table}_by_job")
    for table in (*BY_TRANSACTION, CREDITS):
        op.execute(f"drop index if exists {table}_by_transaction")


def upgrade() -> None:
    """Apply."""
    drop()
    for table in BY_JOB:
        op.create_index(f"{table}_by_job", table, ["job_id", "block_number"])
    for table in BY_TRANSACTION:
        op.create_index(f"{table}_by_transaction", table, [START])
    op.create_index(f"{CREDITS}_by_transaction", CREDITS, ["transaction_hash"], postgresql_using="hash")


def downgrade() -> None:
    """Undo."""
    drop()
    for table in BY_JOB:
        op.create_index(f"{table}_by_job", table, ["job_id", "block_number", "log_index"])
    for table in BY_TRANSACTION:
        op.create_index(f"{table}_by_transaction", table, ["transaction_hash"], postgresql_using="hash")
    op.create_index(f"{CREDITS}_by_transaction", CREDITS, ["transaction_hash"])
