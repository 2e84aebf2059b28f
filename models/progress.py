"""How far we are on each chain, who writes it, how it was proven, and the headers a reorg is judged on."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Double
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE
from sqlmodel import SQLModel

from models.columns import BigInteger, Field, Integer, LargeBinary, Text, Timestamp


class Checkpoint(SQLModel, table=True):
    """
    The last block of a chain that is in our tables, and what the database was made for.

    `number` and `hash` fence every commit: it moves both only if nobody else has. `state_through` is the block
    up to which the state tables follow from the facts; during a long backfill it trails `number`. `head` and
    `finalized` are the chain's own word of its end. `final_through` is the newest of our blocks that is final: the
    endpoint it came from vouched for it.

    A commit is let through only under `leader_epoch`, which each take-over raises (see `Lease`).
    `paused_fork` is where a reorg too deep to be repaired without a person left our chain. `heartbeats_from` is the
    first block whose heartbeats are still here; those of older ones are in `provider_days`.
    """

    __tablename__ = "checkpoints"
    __table_args__ = (
        CheckConstraint("state_through <= number", name="state_trails_facts"),
        CheckConstraint("final_through <= number", name="only_our_blocks_are_final"),
    )

    chain: str = Field(sa_type=Text, primary_key=True)
    number: int = Field(sa_type=BigInteger)
    hash: bytes = Field(sa_type=LargeBinary)
    block_time: datetime = Field(sa_type=Timestamp)
    state_through: int = Field(sa_type=BigInteger)
    finalized: int = Field(sa_type=BigInteger)
    final_through: int = Field(sa_type=BigInteger)
    head: int = Field(sa_type=BigInteger)
    paused_reason: str | None = Field(default=None, sa_type=Text)
    paused_fork: int | None = Field(default=None, sa_type=BigInteger)
    leader_epoch: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    heartbeats_from: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
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


class Lease(SQLModel, table=True):
    """
    Who leads a chain: `leader` may write until `until`, or as long as `session`, its Postgres session, is there.

    `epoch` counts the take-overs. `blocks_per_second` is how fast the leader comes on.
    """

    __tablename__ = "leases"

    chain: str = Field(sa_type=Text, primary_key=True)
    leader: str | None = Field(default=None, sa_type=Text)
    epoch: int = Field(sa_type=BigInteger)
    session: int | None = Field(default=None, sa_type=Integer)
    until: datetime | None = Field(default=None, sa_type=Timestamp)
    blocks_per_second: float | None = Field(default=None, sa_type=Double)


class Proof(SQLModel, table=True):
    """Which blocks of a chain were proven at a level (`models.values.ProofLevel`); each block at one level only."""

    __tablename__ = "proofs"

    chain: str = Field(sa_type=Text, primary_key=True)
    level: str = Field(sa_type=Text, primary_key=True)
    blocks: Any = Field(sa_type=INT8MULTIRANGE)


class Endpoint(SQLModel, table=True):
    """
    An endpoint as the indexer sees it; `rank` is its place in the order of preference, from 0.

    `range_blocks` is how many blocks it is asked for at once, `requests_per_second_max` how often it is asked at most
    (null while it never complained). While it rests, `resting_until` and `resting_reason` say how long and why.
    """

    __tablename__ = "endpoints"

    chain: str = Field(sa_type=Text, primary_key=True)
    name: str = Field(sa_type=Text, primary_key=True)
    rank: int = Field(sa_type=Integer)
    head: int | None = Field(default=None, sa_type=BigInteger)
    finalized: int | None = Field(default=None, sa_type=BigInteger)
    latency_ms: int | None = Field(default=None, sa_type=Integer)
    range_blocks: int = Field(sa_type=Integer)
    requests_per_second_max: float | None = Field(default=None, sa_type=Double)
    resting_until: datetime | None = Field(default=None, sa_type=Timestamp)
    resting_reason: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime = Field(sa_type=Timestamp)
