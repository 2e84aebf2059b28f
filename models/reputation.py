"""
Credits: one intent for each finished job, and the transactions signed for it.

    job confirmed, final ─► credits ─► credit_attempts: signed and stored ─► sent ─► JobCountIncremented, final

The chain cannot tell a repeat from a new job, so what is here decides what may be sent. Whether an intent is done is
not written down: it follows from `job_count_incremented`, matched by the hash of an attempt's transaction.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Boolean, CheckConstraint, Identity, Index, text
from sqlmodel import SQLModel

from models.columns import UINT256, BigInteger, Field, LargeBinary, Text, Timestamp


class Credit(SQLModel, table=True):
    """
    The intent to credit one confirmed job to its provider.

    `adopted` when the chain had credited it before this database knew: such an intent never gets a transaction.
    """

    __tablename__ = "credits"

    job_id: bytes = Field(sa_type=LargeBinary, primary_key=True)
    provider: bytes = Field(sa_type=LargeBinary)
    decided_at: datetime = Field(sa_type=Timestamp)
    adopted: bool = Field(sa_type=Boolean)


class CreditAttempt(SQLModel, table=True):
    """
    A transaction signed for an intent and stored before it is sent; fees in wei per gas.

    `sent_at` is when an endpoint last took it or may have taken it. `failed_at` is when its nonce was finally consumed
    without a credit: by its own revert, or by another transaction of that nonce. Only then may the intent have
    another nonce.
    """

    __tablename__ = "credit_attempts"
    __table_args__ = (
        Index("credit_attempts_by_job", "job_id", "id"),
        # A nonce serves one intent: whoever signs it for another is stopped here.
        Index("credit_attempts_by_nonce", "nonce", "max_fee_per_gas", unique=True),
        Index("credit_attempts_live", "job_id", postgresql_where=text("failed_at is null")),
        CheckConstraint("max_priority_fee_per_gas <= max_fee_per_gas", name="tip_within_fee"),
    )

    id: int | None = Field(
        default=None, sa_type=BigInteger, primary_key=True, sa_column_kwargs={"server_default": Identity()}
    )
    job_id: bytes = Field(sa_type=LargeBinary, foreign_key="credits.job_id")
    nonce: int = Field(sa_type=BigInteger)
    transaction_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    signed: bytes = Field(sa_type=LargeBinary)
    max_fee_per_gas: Decimal = Field(sa_type=UINT256)
    max_priority_fee_per_gas: Decimal = Field(sa_type=UINT256)
    signed_at: datetime = Field(sa_type=Timestamp)
    sent_at: datetime | None = Field(default=None, sa_type=Timestamp)
    failed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    failure: str | None = Field(default=None, sa_type=Text)
