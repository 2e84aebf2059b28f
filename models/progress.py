"""How far we are on each chain, and the headers a reorg is judged on."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from models.columns import BigInteger, Field, LargeBinary, Text, Timestamp


class Checkpoint(SQLModel, table=True):
    """
    The last block of a chain that is in our tables, and what the database was made for.

    `number` and `hash` fence every commit: it moves both only if nobody else has. `state_through` is the block
    up to which the state tables follow from the facts; during a long backfill it trails `number`.
    """

    __tablename__ = "checkpoints"
    __table_args__ = (CheckConstraint("state_through <= number", name="state_trails_facts"),)

    chain: str = Field(sa_type=Text, primary_key=True)
    number: int = Field(sa_type=BigInteger)
    hash: bytes = Field(sa_type=LargeBinary)
    block_time: datetime = Field(sa_type=Timestamp)
    state_through: int = Field(sa_type=BigInteger)
    finalized: int = Field(sa_type=BigInteger)
    head: int = Field(sa_type=BigInteger)
    paused_reason: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime = Field(sa_type=Timestamp)

    chain_id: int = Field(sa_type=BigInteger)
    genesis: bytes = Field(sa_type=LargeBinary)
    contract_address: bytes = Field(sa_type=LargeBinary)
    start_block: int = Field(sa_type=BigInteger)


class Block(SQLModel, table=True):
    """A header from finalized (and at least 512 blocks back) to the checkpoint."""

    __tablename__ = "blocks"

    chain: str = Field(sa_type=Text, primary_key=True)
    number: int = Field(sa_type=BigInteger, primary_key=True)
    hash: bytes = Field(sa_type=LargeBinary)
    parent_hash: bytes = Field(sa_type=LargeBinary)
    time: datetime = Field(sa_type=Timestamp)
