"""Note which adoptions still have nonces to spend before a credit is signed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "credit_adoptions", sa.Column("unswept", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def downgrade() -> None:
    """Undo."""
    op.drop_column("credit_adoptions", "unswept")
