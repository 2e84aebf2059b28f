"""Keep a signer's books: nonces without gaps, adoptions, releases, and what blocks a credit."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SIGNERS = "insert into signers (address, beat_at) select signer, max(signed_at) from credit_attempts group by signer"
ADOPTIONS = """
insert into credit_adoptions (signer, nonces, final_block, reason, adopted_at)
select signer, nonce, -1, 'accounted for since before adoptions were written down', min(signed_at)
from credit_attempts each
where not exists (
    select from credit_attempts before where before.signer = each.signer and before.nonce = each.nonce - 1
)
group by signer, nonce
"""
NONCES = """
insert into credit_nonces (signer, nonce, job_id, after_nonce, after_adoption, taken_at, freed_at, failure)
select signer, nonce, min(job_id), case when adopted is null then nonce - 1 end, adopted,
    min(signed_at), min(failed_at), min(failure)
from credit_attempts
left join lateral (
    select nonces as adopted from credit_adoptions start
    where start.signer = credit_attempts.signer and start.nonces = credit_attempts.nonce
) start on true
group by signer, nonce, adopted
order by signer, nonce
"""


def read_signed() -> None:
    """Fill in what the signed bytes of each attempt say: who signed, and how much gas it may use."""
    connection = op.get_bind()
    attempts = connection.execute(sa.text("select id, signed from credit_attempts")).all()
    for number, signed in attempts:
        raw = HexBytes(signed)
        row: dict[str, Any] = {
            "id": number,
            "signer": bytes.fromhex(Account.recover_transaction(raw).removeprefix("0x")),
            "gas": TypedTransaction.from_bytes(raw).as_dict()["gas"],
        }
        connection.execute(sa.text("update credit_attempts set signer = :signer, gas = :gas where id = :id"), row)


def upgrade() -> None:
    """Apply."""
    op.add_column("credits", sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("credits", sa.Column("blocked_reason", sa.Text(), nullable=True))
    op.add_column("credits", sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("credits", sa.Column("refusals", sa.Integer(), server_default="0", nullable=False))
    op.create_check_constraint("blocked_since", "credits", "(blocked_reason is null) = (blocked_at is null)")
    op.create_index(
        "credits_open", "credits", ["decided_at"], postgresql_where=sa.text("settled_at is null and not adopted")
    )
    op.create_index("credits_by_provider", "credits", ["provider"])
    op.create_table(
        "signers",
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("halted_reason", sa.Text(), nullable=True),
        sa.Column("adopts", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("paused_reason", sa.Text(), nullable=True),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("balance", sa.Numeric(precision=78, scale=0), nullable=True),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address"),
    )
    op.create_table(
        "credit_adoptions",
        sa.Column("signer", sa.LargeBinary(), nullable=False),
        sa.Column("nonces", sa.BigInteger(), nullable=False),
        sa.Column("final_block", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["signer"], ["signers.address"]),
        sa.PrimaryKeyConstraint("signer", "nonces"),
    )
    op.create_table(
        "credit_nonces",
        sa.Column("signer", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.LargeBinary(), nullable=False),
        sa.Column("after_nonce", sa.BigInteger(), nullable=True),
        sa.Column("after_adoption", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("freed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint("num_nonnulls(after_nonce, after_adoption) = 1", name="follows_one"),
        sa.CheckConstraint("nonce = coalesce(after_nonce + 1, after_adoption)", name="without_gaps"),
        sa.CheckConstraint("(failure is null) = (freed_at is null)", name="freed_for_a_reason"),
        sa.ForeignKeyConstraint(["job_id"], ["credits.job_id"]),
        sa.ForeignKeyConstraint(["signer"], ["signers.address"]),
        sa.ForeignKeyConstraint(["signer", "after_nonce"], ["credit_nonces.signer", "credit_nonces.nonce"]),
        sa.ForeignKeyConstraint(["signer", "after_adoption"], ["credit_adoptions.signer", "credit_adoptions.nonces"]),
        sa.PrimaryKeyConstraint("signer", "nonce"),
        sa.UniqueConstraint("signer", "nonce", "job_id", name="nonce_serves_one_job"),
    )
    op.create_index(
        "one_live_nonce_per_job",
        "credit_nonces",
        ["job_id"],
        unique=True,
        postgresql_where=sa.text("freed_at is null"),
    )
    attempts()


def attempts() -> None:
    """Let each attempt stand on a nonce of the books."""
    op.add_column("credit_attempts", sa.Column("signer", sa.LargeBinary(), nullable=True))
    op.add_column("credit_attempts", sa.Column("gas", sa.BigInteger(), nullable=True))
    op.add_column("credit_attempts", sa.Column("kind", sa.Text(), server_default="credit", nullable=False))
    op.add_column("credit_attempts", sa.Column("answer", sa.Text(), nullable=True))
    read_signed()
    for statement in (SIGNERS, ADOPTIONS, NONCES):
        op.execute(statement)
    op.alter_column("credit_attempts", "signer", nullable=False)
    op.alter_column("credit_attempts", "gas", nullable=False)
    op.alter_column("credit_attempts", "kind", server_default=None)
    op.create_check_constraint("known_kind", "credit_attempts", "kind in ('credit', 'release')")
    op.drop_index("credit_attempts_live", table_name="credit_attempts")
    op.drop_index("credit_attempts_by_nonce", table_name="credit_attempts")
    op.create_index("credit_attempts_by_nonce", "credit_attempts", ["signer", "nonce", "max_fee_per_gas"], unique=True)
    op.drop_constraint("credit_attempts_job_id_fkey", "credit_attempts", type_="foreignkey")
    op.create_foreign_key(
        None, "credit_attempts", "credit_nonces", ["signer", "nonce", "job_id"], ["signer", "nonce", "job_id"]
    )
    op.drop_column("credit_attempts", "failed_at")
    op.drop_column("credit_attempts", "failure")


FREED = """
update credit_attempts set failed_at = freed.freed_at, failure = freed.failure
from credit_nonces freed where freed.signer = credit_attempts.signer and freed.nonce = credit_attempts.nonce
"""


def downgrade() -> None:
    """Undo."""
    op.add_column("credit_attempts", sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("credit_attempts", sa.Column("failure", sa.Text(), nullable=True))
    op.execute(FREED)
    op.drop_constraint("credit_attempts_signer_nonce_job_id_fkey", "credit_attempts", type_="foreignkey")
    op.create_foreign_key(None, "credit_attempts", "credits", ["job_id"], ["job_id"])
    op.drop_constraint("known_kind", "credit_attempts", type_="check")
    op.drop_index("credit_attempts_by_nonce", table_name="credit_attempts")
    for column in ("signer", "gas", "kind", "answer"):
        op.drop_column("credit_attempts", column)
    op.create_index("credit_attempts_by_nonce", "credit_attempts", ["nonce", "max_fee_per_gas"], unique=True)
    op.create_index(
        "credit_attempts_live", "credit_attempts", ["job_id"], postgresql_where=sa.text("failed_at is null")
    )
    op.drop_table("credit_nonces")
    op.drop_table("credit_adoptions")
    op.drop_table("signers")
    op.drop_index("credits_by_provider", table_name="credits")
    op.drop_index("credits_open", table_name="credits")
    op.drop_constraint("blocked_since", "credits", type_="check")
    for column in ("settled_at", "blocked_reason", "blocked_at", "refusals"):
        op.drop_column("credits", column)
