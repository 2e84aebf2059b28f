"""Index every documented order under its filter, and keep how many providers were seen in each hour, day and week."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SEEN = sa.text("coalesce(last_seen, '-infinity'::timestamptz)")
REGISTERED = sa.text("coalesce(registered_at, '-infinity'::timestamptz)")

# Hours are counted from the heartbeats that are left, by the indexer; days and weeks are known from folded days.
DAYS_SEEN = """
insert into seen_counts (interval, start, providers)
select 'DAY', day::timestamp at time zone 'UTC', count(*) from provider_days group by day
union all
select 'WEEK', date_trunc('week', day::timestamp) at time zone 'UTC', count(distinct provider)
from provider_days group by date_trunc('week', day::timestamp)
"""


def upgrade() -> None:
    """Apply."""
    op.create_index("jobs_by_escrow", "jobs", ["escrow", "source_block", "source_log_index"])
    op.create_index(
        "job_created_by_time", "job_created", ["block_time", "block_number"], postgresql_include=["payment"]
    )
    op.create_index("job_confirmed_by_time", "job_confirmed", ["block_time"])
    op.drop_index("providers_by_last_seen", table_name="providers")
    op.create_index("providers_by_last_seen", "providers", ["is_online", SEEN, "wallet_address"])
    op.create_index("providers_by_gpu_model", "providers", ["gpu_model", "reputation_score", "wallet_address"])
    op.create_index("providers_by_vram", "providers", ["vram", "wallet_address"])
    op.create_index("providers_by_registered", "providers", [REGISTERED, "wallet_address"])
    op.create_table(
        "seen_counts",
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("providers", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("interval", "start"),
    )
    op.execute(DAYS_SEEN)


def downgrade() -> None:
    """Undo."""
    op.drop_table("seen_counts")
    for name in ("providers_by_registered", "providers_by_vram", "providers_by_gpu_model", "providers_by_last_seen"):
        op.drop_index(name, table_name="providers")
    op.create_index("providers_by_last_seen", "providers", ["is_online", "last_seen"])
    op.drop_index("job_confirmed_by_time", table_name="job_confirmed")
    op.drop_index("job_created_by_time", table_name="job_created")
    op.drop_index("jobs_by_escrow", table_name="jobs")
