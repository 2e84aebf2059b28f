"""
Facts from the chains: one append-only table per contract event.

Columns hold what the log held, as it came: addresses and hashes as bytes, uint256 as `numeric(78,0)`, strings
as their raw bytes. Each table is written from one chain only, so (block number, log index) names a log.
The names of the decoded columns, in the order of the ABI, are what `indexer.store` copies into.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from models.columns import UINT256, BigInteger, Field, Integer, LargeBinary, Text, Timestamp

HEARTBEAT_PARTITION_BLOCKS = 2_000_000
"""How many blocks one partition of `node_heartbeat` holds: about six days of opBNB."""


def by_transaction(table: str) -> Index:
    """
    Return the index by which a search finds the events of a transaction.

    Of the hash it has the first four bytes, which nearly always tell two apart: half as large as a hash index. A query
    compares these beside the whole.
    """
    return Index(f"{table}_by_transaction", text("substr(transaction_hash, 1, 4)"))


class Log(SQLModel):
    """Where a fact comes from."""

    block_number: int = Field(sa_type=BigInteger, primary_key=True)
    log_index: int = Field(sa_type=Integer, primary_key=True)
    block_hash: bytes = Field(sa_type=LargeBinary)
    block_time: datetime = Field(sa_type=Timestamp)
    transaction_hash: bytes = Field(sa_type=LargeBinary)


class JobCreated(Log, table=True):
    """`JobManager.JobCreated` (BSC); payment in wei."""

    __tablename__ = "job_created"
    __table_args__ = (
        Index("job_created_by_job", "job_id", "block_number"),
        by_transaction("job_created"),
        # Activity by time, and the blocks between which jobs(filter: {createdAfter, createdBefore}) lie.
        Index("job_created_by_time", "block_time", "block_number", postgresql_include=["payment"]),
    )

    job_id: bytes = Field(sa_type=LargeBinary)
    renter: bytes = Field(sa_type=LargeBinary)
    provider: bytes = Field(sa_type=LargeBinary)
    payment: Decimal = Field(sa_type=UINT256)


class JobConfirmed(Log, table=True):
    """`JobManager.JobConfirmed` (BSC); `confirmed_at` is the contract's own word, in unix seconds."""

    __tablename__ = "job_confirmed"
    __table_args__ = (
        Index("job_confirmed_by_job", "job_id", "block_number"),
        by_transaction("job_confirmed"),
        # Activity by time.
        Index("job_confirmed_by_time", "block_time"),
    )

    job_id: bytes = Field(sa_type=LargeBinary)
    confirmed_at: Decimal = Field(sa_type=UINT256)


class PaymentClaimed(Log, table=True):
    """`JobManager.PaymentClaimed` (BSC); amount in wei."""

    __tablename__ = "payment_claimed"
    __table_args__ = (
        Index("payment_claimed_by_job", "job_id", "block_number"),
        # Provider.earned: the sum of what a provider took.
        Index("payment_claimed_by_provider", "provider", postgresql_include=["amount"]),
        by_transaction("payment_claimed"),
    )

    job_id: bytes = Field(sa_type=LargeBinary)
    provider: bytes = Field(sa_type=LargeBinary)
    amount: Decimal = Field(sa_type=UINT256)


class NodeRegistered(Log, table=True):
    """`NodeReputation.NodeRegistered` (opBNB); vram in MiB. `gpu_model_text` is `gpu_model` made readable."""

    __tablename__ = "node_registered"
    __table_args__ = (
        Index("node_registered_by_provider", "provider", "block_number", "log_index"),
        by_transaction("node_registered"),
    )

    provider: bytes = Field(sa_type=LargeBinary)
    gpu_model: bytes = Field(sa_type=LargeBinary)
    vram: Decimal = Field(sa_type=UINT256)
    gpu_model_text: str = Field(sa_type=Text)


class NodeHeartbeat(Log, table=True):
    """
    `NodeReputation.NodeHeartbeat` (opBNB); `timestamp` is the contract's own word, in unix seconds.

    Partitioned by block, `HEARTBEAT_PARTITION_BLOCKS` each, so that old ones are dropped and not deleted.
    """

    __tablename__ = "node_heartbeat"
    __table_args__ = (
        Index("node_heartbeat_by_provider", "provider", "block_number", "log_index"),
        by_transaction("node_heartbeat"),
        {"postgresql_partition_by": "range (block_number)"},
    )

    provider: bytes = Field(sa_type=LargeBinary)
    timestamp: Decimal = Field(sa_type=UINT256)


class JobCountIncremented(Log, table=True):
    """`NodeReputation.JobCountIncremented` (opBNB): our own credits come back as this event."""

    __tablename__ = "job_count_incremented"
    __table_args__ = (
        Index("job_count_incremented_by_provider", "provider", "block_number", "log_index"),
        # Which of our transactions made it: the credit of a job, and what is left to do for it.
        Index("job_count_incremented_by_transaction", "transaction_hash", postgresql_using="hash"),
    )

    provider: bytes = Field(sa_type=LargeBinary)
    new_count: Decimal = Field(sa_type=UINT256)


class OwnershipTransferred(Log, table=True):
    """`NodeReputation.OwnershipTransferred` (opBNB): who may credit."""

    __tablename__ = "ownership_transferred"

    previous_owner: bytes = Field(sa_type=LargeBinary)
    new_owner: bytes = Field(sa_type=LargeBinary)


class KnownAddress(SQLModel, table=True):
    """
    The EIP-55 form of every address that a fact names.

    Postgres has no keccak; with this dictionary the SQL that derives state can show an address as people write it.
    It only grows: a form is true whatever the chain says.
    """

    __tablename__ = "addresses"

    address: bytes = Field(sa_type=LargeBinary, primary_key=True)
    checksum: str = Field(sa_type=Text)
