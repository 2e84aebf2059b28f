"""Create facts, state, progress and the change feed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "addresses",
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("address"),
    )
    op.create_table(
        "agent_credentials",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_table(
        "agent_reports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.LargeBinary(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("output_url", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("agent_reports_by_job", "agent_reports", ["job_id", "id"], unique=False)
    op.create_table(
        "blocks",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("parent_hash", sa.LargeBinary(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chain", "number"),
    )
    op.create_table(
        "changes",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by_reorg", sa.Boolean(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_through", sa.BigInteger(), nullable=False),
        sa.Column("finalized", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.Column("paused_reason", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("genesis", sa.LargeBinary(), nullable=False),
        sa.Column("contract_address", sa.LargeBinary(), nullable=False),
        sa.Column("start_block", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state_through <= number", name="state_trails_facts"),
        sa.PrimaryKeyConstraint("chain"),
    )
    op.create_table(
        "credits",
        sa.Column("job_id", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.LargeBinary(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("job_id"),
    )
    op.create_table(
        "dispatches",
        sa.Column("job_id", sa.LargeBinary(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("provider", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "attempt"),
    )
    op.create_index(
        "dispatches_unpublished",
        "dispatches",
        ["decided_at"],
        unique=False,
        postgresql_where=sa.text("published_at is null"),
    )
    op.create_table(
        "feed",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.CheckConstraint("id = 1", name="feed_has_one_row"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "job_confirmed",
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(), nullable=False),
        sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("job_id", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_at", sa.Numeric(precision=78, scale=0), nullable=False),
        sa.PrimaryKeyConstraint("block_number", "log_index"),
    )
    op.create_index("job_confirmed_by_job", "job_confirmed", ["job_id", "block_number", "log_index"], unique=False)
    op.create_table(
        "job_count_incremented",
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(), nullable=False),
        sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.LargeBinary(), nullable=False),
        sa.Column("new_count", sa.Numeric(precision=78, scale=0), nullable=False),
        sa.PrimaryKeyConstraint("block_number", "log_index"),
    )
    op.create_index(
        "job_count_incremented_by_provider",
        "job_count_incremented",
        ["provider", "block_number", "log_index"],
        unique=False,
    )
    op.create_index("job_count_incremented_by_transaction", "job_count_incremented", ["transaction_hash"], unique=False)
    op.create_table(
        "job_created",
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(), nullable=False),
        sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("job_id", sa.LargeBinary(), nullable=False),
        sa.Column("renter", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.LargeBinary(), nullable=False),
        sa.Column("payment", sa.Numeric(precision=78, scale=0), nullable=False),
        sa.PrimaryKeyConstraint("block_number", "log_index"),
    )
    op.create_index("job_created_by_job", "job_created", ["job_id", "block_number", "log_index"], unique=False)
    op.create_table(
        "job_specs",
        sa.Column("job_id", sa.LargeBinary(), nullable=False),
        sa.Column("renter", sa.LargeBinary(), nullable=False),
        sa.Column("docker_image", sa.Text(), nullable=False),
        sa.Column("input_url", sa.Text(), nullable=True),
        sa.Column("output_bucket", sa.Text(), nullable=True),
        sa.Column("output_name", sa.Text(), nullable=True),
        sa.Column("min_vram_mib", sa.Integer(), nullable=True),
        sa.Column("gpu_model", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "renter"),
    )
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.LargeBinary(), nullable=False),
        sa.Column("renter", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("payment", sa.Numeric(precision=78, scale=0), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("escrow", sa.Text(), nullable=False),
        sa.Column("has_spec", sa.Boolean(), nullable=False),
        sa.Column("output_url", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_block", sa.BigInteger(), nullable=False),
        sa.Column("source_hash", sa.LargeBinary(), nullable=False),
        sa.Column("source_transaction", sa.LargeBinary(), nullable=False),
        sa.Column("source_log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("job_id"),
    )
    op.create_index("jobs_by_created", "jobs", ["source_block", "source_log_index"], unique=False)
    op.create_index("jobs_by_payment", "jobs", ["payment", "job_id"], unique=False)
    op.create_index("jobs_by_provider", "jobs", ["provider", "source_block", "source_log_index"], unique=False)
    op.create_index("jobs_by_renter", "jobs", ["renter", "source_block", "source_log_index"], unique=False)
    op.create_index("jobs_by_status", "jobs", ["status", "source_block", "source_log_index"], unique=False)
    op.create_index("jobs_by_updated", "jobs", ["updated_at", "job_id"], unique=False)
    op.create_table(
        "node_heartbeat",
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(), nullable=False),
        sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.LargeBinary(), nullable=False),
        sa.Column("timestamp", sa.Numeric(precision=78, scale=0), nullable=False),
        sa.PrimaryKeyConstraint("block_number", "log_index"),
    )
    op.create_index(
        "node_heartbeat_by_provider", "node_heartbeat", ["provider", "block_number", "log_index"], unique=False
    )
    op.create_table(
        "node_registered",
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(), nullable=False),
        sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.LargeBinary(), nullable=False),
        sa.Column("gpu_model", sa.LargeBinary(), nullable=False),
        sa.Column("vram", sa.Numeric(precision=78, scale=0), nullable=False),
        sa.Column("gpu_model_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block_number", "log_index"),
    )
    op.create_index(
        "node_registered_by_provider", "node_registered", ["provider", "block_number", "log_index"], unique=False
    )
    op.create_table(
        "ownership_transferred",
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(), nullable=False),
        sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("previous_owner", sa.LargeBinary(), nullable=False),
        sa.Column("new_owner", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block_number", "log_index"),
    )
    op.create_table(
        "payment_claimed",
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(), nullable=False),
        sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("job_id", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.LargeBinary(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=78, scale=0), nullable=False),
        sa.PrimaryKeyConstraint("block_number", "log_index"),
    )
    op.create_index("payment_claimed_by_job", "payment_claimed", ["job_id", "block_number", "log_index"], unique=False)
    op.create_index(
        "payment_claimed_by_provider", "payment_claimed", ["provider"], unique=False, postgresql_include=["amount"]
    )
    op.create_table(
        "providers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("wallet_address", sa.Text(), nullable=False),
        sa.Column("gpu_model", sa.Text(), nullable=False),
        sa.Column("vram", sa.Integer(), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_online", sa.Boolean(), nullable=False),
        sa.Column("total_jobs_completed", sa.Integer(), nullable=False),
        sa.Column("reputation_score", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source_block", sa.BigInteger(), nullable=True),
        sa.Column("source_hash", sa.LargeBinary(), nullable=True),
        sa.Column("source_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source_transaction", sa.LargeBinary(), nullable=True),
        sa.Column("source_log_index", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("wallet_address"),
    )
    op.create_index("providers_by_last_seen", "providers", ["is_online", "last_seen"], unique=False)
    op.create_index("providers_by_reputation", "providers", ["reputation_score", "wallet_address"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_table(
        "sign_in_nonces",
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("nonce"),
    )
    op.create_table(
        "credit_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=False),
        sa.Column("max_fee_per_gas", sa.Numeric(precision=78, scale=0), nullable=False),
        sa.Column("max_priority_fee_per_gas", sa.Numeric(precision=78, scale=0), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint("max_priority_fee_per_gas <= max_fee_per_gas", name="tip_within_fee"),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["credits.job_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("transaction_hash"),
    )
    op.create_index("credit_attempts_by_job", "credit_attempts", ["job_id", "id"], unique=False)
    op.create_index("credit_attempts_by_nonce", "credit_attempts", ["nonce", "max_fee_per_gas"], unique=True)
    op.create_index(
        "credit_attempts_live",
        "credit_attempts",
        ["job_id"],
        unique=False,
        postgresql_where=sa.text("failed_at is null"),
    )
    op.execute("insert into feed (id, position, epoch) values (1, 0, gen_random_uuid())")


def downgrade() -> None:
    """Undo."""
    op.drop_index("credit_attempts_live", table_name="credit_attempts", postgresql_where=sa.text("failed_at is null"))
    op.drop_index("credit_attempts_by_nonce", table_name="credit_attempts")
    op.drop_index("credit_attempts_by_job", table_name="credit_attempts")
    op.drop_table("credit_attempts")
    op.drop_table("sign_in_nonces")
    op.drop_table("sessions")
    op.drop_index("providers_by_reputation", table_name="providers")
    op.drop_index("providers_by_last_seen", table_name="providers")
    op.drop_table("providers")
    op.drop_index("payment_claimed_by_provider", table_name="payment_claimed", postgresql_include=["amount"])
    op.drop_index("payment_claimed_by_job", table_name="payment_claimed")
    op.drop_table("payment_claimed")
    op.drop_table("ownership_transferred")
    op.drop_index("node_registered_by_provider", table_name="node_registered")
    op.drop_table("node_registered")
    op.drop_index("node_heartbeat_by_provider", table_name="node_heartbeat")
    op.drop_table("node_heartbeat")
    op.drop_index("jobs_by_updated", table_name="jobs")
    op.drop_index("jobs_by_status", table_name="jobs")
    op.drop_index("jobs_by_renter", table_name="jobs")
    op.drop_index("jobs_by_provider", table_name="jobs")
    op.drop_index("jobs_by_payment", table_name="jobs")
    op.drop_index("jobs_by_created", table_name="jobs")
    op.drop_table("jobs")
    op.drop_table("job_specs")
    op.drop_index("job_created_by_job", table_name="job_created")
    op.drop_table("job_created")
    op.drop_index("job_count_incremented_by_transaction", table_name="job_count_incremented")
    op.drop_index("job_count_incremented_by_provider", table_name="job_count_incremented")
    op.drop_table("job_count_incremented")
    op.drop_index("job_confirmed_by_job", table_name="job_confirmed")
    op.drop_table("job_confirmed")
    op.drop_table("feed")
    op.drop_index("dispatches_unpublished", table_name="dispatches", postgresql_where=sa.text("published_at is null"))
    op.drop_table("dispatches")
    op.drop_table("credits")
    op.drop_table("checkpoints")
    op.drop_table("changes")
    op.drop_table("blocks")
    op.drop_index("agent_reports_by_job", table_name="agent_reports")
    op.drop_table("agent_reports")
    op.drop_table("agent_credentials")
    op.drop_table("addresses")
