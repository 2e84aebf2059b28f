"""
Credits: one intent for each finished job, and the transactions signed for it.

    job confirmed, final ─► credits ─► credit_nonces ─► credit_attempts: signed and stored ─► sent
                               ▲            │                                                  │
                               └─ freed ◄───┴── consumed without a credit                      ▼
                                                               settled: JobCountIncremented, final

The chain cannot tell a repeat from a new job, so what is here decides what may be sent; what can be said as a
constraint is one. Whether a credit was given follows from `job_count_incremented` alone, matched by the hash of an
attempt's transaction.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Boolean, CheckConstraint, ForeignKeyConstraint, Identity, Index, UniqueConstraint, text
from sqlmodel import SQLModel

from models.columns import UINT256, BigInteger, Field, Integer, LargeBinary, Text, Timestamp


class Signer(SQLModel, table=True):
    """
    An account that signs credits, and what keeps it from signing.

    `halted_reason` needs a person; `adopts` is that person's word that nonces we do not know are history, or, where
    nothing has halted, that the database was restored and may not know some.
    `paused_reason` is an admin's. `waits_for` is what it waits for by itself. `beat_at` is its last sign of life.
    """

    __tablename__ = "signers"

    address: bytes = Field(sa_type=LargeBinary, primary_key=True)
    halted_reason: str | None = Field(default=None, sa_type=Text)
    adopts: bool = Field(default=False, sa_type=Boolean, sa_column_kwargs={"server_default": text("false")})
    paused_reason: str | None = Field(default=None, sa_type=Text)
    waits_for: str | None = Field(default=None, sa_type=Text)
    balance: Decimal | None = Field(default=None, sa_type=UINT256)
    beat_at: datetime = Field(sa_type=Timestamp)


class CreditAdoption(SQLModel, table=True):
    """
    A moment from which we account for an account's nonces: those below `nonces` are history.

    Every credit that they gave is in our index, final through `final_block`, and counts as given. `reason` says why
    there was something to adopt. `unswept` while more transactions that we do not know may wait for the nonces after
    these: they are spent on transfers before a credit is signed.
    """

    __tablename__ = "credit_adoptions"

    signer: bytes = Field(sa_type=LargeBinary, primary_key=True, foreign_key="signers.address")
    nonces: int = Field(sa_type=BigInteger, primary_key=True)
    final_block: int = Field(sa_type=BigInteger)
    reason: str = Field(sa_type=Text)
    unswept: bool = Field(default=False, sa_type=Boolean, sa_column_kwargs={"server_default": text("false")})
    adopted_at: datetime = Field(sa_type=Timestamp)


class Credit(SQLModel, table=True):
    """
    The intent to credit one confirmed job to its provider.

    `adopted` when the chain had credited it before this database knew: such an intent never gets a transaction.
    `settled_at` is when the signer saw its increment, final, and looks at it no more. `blocked_reason` is why the
    contract would not credit this provider when it was last tried, after `refusals` refusals in a row.
    """

    __tablename__ = "credits"
    __table_args__ = (
        # What the signer has to look at, and how often a provider was credited.
        Index("credits_open", "decided_at", postgresql_where=text("settled_at is null and not adopted")),
        Index("credits_by_provider", "provider"),
        CheckConstraint("(blocked_reason is null) = (blocked_at is null)", name="blocked_since"),
    )

    job_id: bytes = Field(sa_type=LargeBinary, primary_key=True)
    provider: bytes = Field(sa_type=LargeBinary)
    decided_at: datetime = Field(sa_type=Timestamp)
    adopted: bool = Field(sa_type=Boolean)
    settled_at: datetime | None = Field(default=None, sa_type=Timestamp)
    blocked_reason: str | None = Field(default=None, sa_type=Text)
    blocked_at: datetime | None = Field(default=None, sa_type=Timestamp)
    refusals: int = Field(default=0, sa_type=Integer, sa_column_kwargs={"server_default": "0"})


class CreditNonce(SQLModel, table=True):
    """
    A nonce of a signer's account: for one job for ever, and the job's only one until it is freed.

    Each follows the one before it, or an adoption, so that there are no gaps. `freed_at` is when the nonce was seen
    consumed, finally, by a transaction of ours that credited nobody; `failure` says which.
    """

    __tablename__ = "credit_nonces"
    __table_args__ = (
        UniqueConstraint("signer", "nonce", "job_id", name="nonce_serves_one_job"),
        Index("one_live_nonce_per_job", "job_id", unique=True, postgresql_where=text("freed_at is null")),
        ForeignKeyConstraint(["signer", "after_nonce"], ["credit_nonces.signer", "credit_nonces.nonce"]),
        ForeignKeyConstraint(["signer", "after_adoption"], ["credit_adoptions.signer", "credit_adoptions.nonces"]),
        CheckConstraint("num_nonnulls(after_nonce, after_adoption) = 1", name="follows_one"),
        CheckConstraint("nonce = coalesce(after_nonce + 1, after_adoption)", name="without_gaps"),
        CheckConstraint("(failure is null) = (freed_at is null)", name="freed_for_a_reason"),
    )

    signer: bytes = Field(sa_type=LargeBinary, primary_key=True, foreign_key="signers.address")
    nonce: int = Field(sa_type=BigInteger, primary_key=True)
    job_id: bytes = Field(sa_type=LargeBinary, foreign_key="credits.job_id")
    after_nonce: int | None = Field(default=None, sa_type=BigInteger)
    after_adoption: int | None = Field(default=None, sa_type=BigInteger)
    taken_at: datetime = Field(sa_type=Timestamp)
    freed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    failure: str | None = Field(default=None, sa_type=Text)


class CreditAttempt(SQLModel, table=True):
    """
    A transaction signed for an intent and stored before it is sent; fees in wei per gas.

    `kind` is `credit`, or `release` for a transfer of nothing to ourselves that frees the nonce. `sent_at` is when it
    was last handed to an endpoint, and `answer` what that made of it.
    """

    __tablename__ = "credit_attempts"
    __table_args__ = (
        Index("credit_attempts_by_job", "job_id", "id"),
        # Whoever replaces a transaction offers more for it.
        Index("credit_attempts_by_nonce", "signer", "nonce", "max_fee_per_gas", unique=True),
        ForeignKeyConstraint(
            ["signer", "nonce", "job_id"], ["credit_nonces.signer", "credit_nonces.nonce", "credit_nonces.job_id"]
        ),
        CheckConstraint("max_priority_fee_per_gas <= max_fee_per_gas", name="tip_within_fee"),
        CheckConstraint("kind in ('credit', 'release')", name="known_kind"),
    )

    id: int | None = Field(
        default=None, sa_type=BigInteger, primary_key=True, sa_column_kwargs={"server_default": Identity()}
    )
    job_id: bytes = Field(sa_type=LargeBinary)
    signer: bytes = Field(sa_type=LargeBinary)
    nonce: int = Field(sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    transaction_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    signed: bytes = Field(sa_type=LargeBinary)
    gas: int = Field(sa_type=BigInteger)
    max_fee_per_gas: Decimal = Field(sa_type=UINT256)
    max_priority_fee_per_gas: Decimal = Field(sa_type=UINT256)
    signed_at: datetime = Field(sa_type=Timestamp)
    sent_at: datetime | None = Field(default=None, sa_type=Timestamp)
    answer: str | None = Field(default=None, sa_type=Text)
