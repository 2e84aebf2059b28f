"""Keep what a database was made for, per chain."""

from dataclasses import dataclass
from datetime import datetime

from models.values import BlockId, Chain
from runtime.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFor:
    """What a chain's part of a database was made for; it never changes."""

    chain_id: int
    genesis: bytes
    contract_address: bytes
    start_block: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The block before the start block: where the first checkpoint stands, and the deepest fork that can be told."""

    before: BlockId
    parent_hash: bytes
    time: datetime


async def made_for(connection: Connection, chain: Chain) -> MadeFor | None:
    """Return what the database was made for, or None when it has nothing of this chain."""
    row = await (
        await connection.execute(
            "select chain_id, genesis, contract_address, start_block from checkpoints where chain = %s", (chain,)
        )
    ).fetchone()
    if row is None:
        return None
    return MadeFor(chain_id=row[0], genesis=row[1], contract_address=row[2], start_block=row[3])


async def claim(connection: Connection, chain: Chain, made: MadeFor, start: Start) -> MadeFor:
    """
    Create the chain's checkpoint just before its start block, and return what it was made for.

    That is not `made` where another indexer was first, with settings of its own.
    """
    await connection.execute(
        """
        insert into checkpoints (
            chain, number, hash, block_time, state_through, finalized, final_through, head, updated_at,
            chain_id, genesis, contract_address, start_block
        ) values (
            %(chain)s, %(number)s, %(hash)s, %(time)s, %(number)s, %(number)s, %(number)s, %(number)s, now(),
            %(chain_id)s, %(genesis)s, %(contract)s, %(start_block)s
        ) on conflict do nothing
        """,
        {
            "chain": chain,
            "number": start.before.number,
            "hash": start.before.hash,
            "time": start.time,
            "chain_id": made.chain_id,
            "genesis": made.genesis,
            "contract": made.contract_address,
            "start_block": made.start_block,
        },
    )
    await connection.execute(
        """
        insert into blocks (chain, number, hash, parent_hash, time)
        values (%s, %s, %s, %s, %s) on conflict do nothing
        """,
        (chain, start.before.number, start.before.hash, start.parent_hash, start.time),
    )
    standing = await made_for(connection, chain)
    assert standing is not None, "either we created the checkpoint, or it was there"
    return standing
