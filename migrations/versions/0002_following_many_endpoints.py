"""Say which of our blocks are final, lease each chain, and keep proofs, endpoints, requests and days of heartbeats."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PARTITION_BLOCKS = 2_000_000

FINALITY = "update checkpoints set final_through = least(finalized, number)"
PARTITIONS = f"""
do $$
declare part bigint;
begin
    for part in select distinct block_number / {PARTITION_BLOCKS} from node_heartbeat_whole loop
        execute format(
            'create table node_heartbeat_%s partition of node_heartbeat for values from (%s) to (%s)',
            part, part * {PARTITION_BLOCKS}, (part + 1) * {PARTITION_BLOCKS}
        );
    end loop;
end $$
"""


def heartbeats(name: str, **options: Any) -> None:
    """Create the table of heartbeats, whole or partitioned."""
    op.create_table(
        name,
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(), nullable=False),
        sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.LargeBinary(), nullable=False),
        sa.Column("timestamp", sa.Numeric(precision=78, scale=0), nullable=False),
        sa.PrimaryKeyConstraint("block_number", "log_index"),
        **options,
    )
    op.create_index(
        "node_heartbeat_by_provider", "node_heartbeat", ["provider", "block_number", "log_index"], unique=False
    )


def set_aside() -> None:
    """Move the heartbeats out of the way: a table renamed would keep the names of its constraints."""
    op.execute("create table node_heartbeat_whole as select * from node_heartbeat")
    op.drop_table("node_heartbeat")


def take_over() -> None:
    """Copy the heartbeats set aside into the new table and drop the old one."""
    op.execute("insert into node_heartbeat select * from node_heartbeat_whole")
    op.drop_table("node_heartbeat_whole")


def upgrade() -> None:
    """Apply."""
    op.add_column("checkpoints", sa.Column("paused_fork", sa.BigInteger(), nullable=True))
    op.add_column("checkpoints", sa.Column("leader_epoch", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("checkpoints", sa.Column("heartbeats_from", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("checkpoints", sa.Column("final_through", sa.BigInteger(), nullable=True))
    op.execute(FINALITY)
    op.alter_column("checkpoints", "final_through", nullable=False)
    op.create_check_constraint("only_our_blocks_are_final", "checkpoints", "final_through <= number")
    op.create_table(
        "leases",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("leader", sa.Text(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.Integer(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocks_per_second", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("chain"),
    )
    op.create_table(
        "proofs",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("blocks", postgresql.INT8MULTIRANGE(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "level"),
    )
    op.create_table(
        "endpoints",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=True),
        sa.Column("finalized", sa.BigInteger(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("range_blocks", sa.Integer(), nullable=False),
        sa.Column("requests_per_second_max", sa.Double(), nullable=True),
        sa.Column("resting_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resting_reason", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chain", "name"),
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("first_block", sa.BigInteger(), nullable=True),
        sa.Column("last_block", sa.BigInteger(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("repairs", sa.Boolean(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_through", sa.BigInteger(), nullable=True),
        sa.Column("missing", sa.BigInteger(), nullable=True),
        sa.Column("surplus", sa.BigInteger(), nullable=True),
        sa.Column("changed", sa.BigInteger(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "requests_open", "requests", ["chain", "id"], unique=False, postgresql_where=sa.text("finished_at is null")
    )
    op.create_table(
        "provider_days",
        sa.Column("provider", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("beats", sa.Integer(), nullable=False),
        sa.Column("first_beat", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_beat", sa.DateTime(timezone=True), nullable=False),
        sa.Column("online_seconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "day"),
    )
    op.create_index("provider_days_by_day", "provider_days", ["day"], unique=False)
    set_aside()
    heartbeats("node_heartbeat", postgresql_partition_by="range (block_number)")
    op.execute(PARTITIONS)
    take_over()


def downgrade() -> None:
    """Undo."""
    set_aside()
    heartbeats("node_heartbeat")
    take_over()
    op.drop_table("provider_days")
    op.drop_index("requests_open", table_name="requests", postgresql_where=sa.text("finished_at is null"))
    op.drop_table("requests")
    op.drop_table("endpoints")
    op.drop_table("proofs")
    op.drop_table("leases")
    op.drop_constraint("only_our_blocks_are_final", "checkpoints", type_="check")
    for column in (
        "final_through",
        "heartbeats_from",
        "leader_epoch",
        "paused_fork",
    ):
        op.drop_column("checkpoints", column)
