"""Keep every retry, let attempts and reports say which one they are for, and mark specs whose job has come."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.drop_constraint("retries_pkey", "retries")
    op.add_column("retries", sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False))
    op.create_primary_key("retries_pkey", "retries", ["id"])
    op.add_column("retries", sa.Column("number", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index("retries_by_job", "retries", ["job_id", "number"])
    for table in ("dispatches", "agent_reports"):
        op.add_column(table, sa.Column("retry", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("job_specs", sa.Column("has_job", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index(
        "job_specs_waiting", "job_specs", ["renter", "submitted_at"], postgresql_where=sa.text("not has_job")
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("job_specs_waiting", table_name="job_specs")
    op.drop_column("job_specs", "has_job")
    for table in ("agent_reports", "dispatches"):
        op.drop_column(table, "retry")
    op.execute(
        "delete from retries older using retries newer where newer.job_id = older.job_id and newer.id > older.id"
    )
    op.drop_index("retries_by_job", table_name="retries")
    op.drop_column("retries", "number")
    op.drop_column("retries", "id")
    op.create_primary_key("retries_pkey", "retries", ["job_id"])
