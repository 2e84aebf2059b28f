"""Each block of a chain is noted at one level of proof."""

from indexer import proof_store
from models.values import BlockRange, Chain, ProofLevel
from runtime.database import Pool

CHAIN = Chain.BSC


async def test_a_block_is_noted_at_one_level(pool: Pool) -> None:
    """The latest word counts, and neighbours become one range."""
    async with pool.connection() as connection:
        await proof_store.record(connection, CHAIN, blocks(1, 10), ProofLevel.HASH)
        await proof_store.record(connection, CHAIN, blocks(11, 20), ProofLevel.HASH)
        await proof_store.record(connection, CHAIN, blocks(5, 6), ProofLevel.PINNED)

    assert await proofs(pool) == {"HASH": "{[1,5),[7,21)}", "PINNED": "{[5,7)}"}


async def test_a_look_at_a_lower_level_takes_no_proof_away(pool: Pool) -> None:
    """Blocks found right are lifted to the level, and those above it stay."""
    async with pool.connection() as connection:
        await proof_store.record(connection, CHAIN, blocks(1, 10), ProofLevel.HASH)
        await proof_store.record(connection, CHAIN, blocks(11, 20), ProofLevel.RECEIPTS)
        await proof_store.strengthen(connection, CHAIN, blocks(5, 30), ProofLevel.BLOOM)

    assert await proofs(pool) == {"HASH": "{[1,5)}", "BLOOM": "{[5,11),[21,31)}", "RECEIPTS": "{[11,21)}"}


async def test_what_is_taken_back_is_proven_no_more(pool: Pool) -> None:
    """At every level, and on this chain only."""
    async with pool.connection() as connection:
        await proof_store.record(connection, CHAIN, blocks(1, 10), ProofLevel.HASH)
        await proof_store.record(connection, CHAIN, blocks(11, 20), ProofLevel.BLOOM)
        await proof_store.record(connection, Chain.OPBNB, blocks(1, 20), ProofLevel.BLOOM)
        await proof_store.forget_above(connection, CHAIN, 8)

    assert await proofs(pool) == {"HASH": "{[1,9)}"}


def blocks(first: int, last: int) -> BlockRange:
    """Return a range of blocks."""
    return BlockRange(first=first, last=last)


async def proofs(pool: Pool) -> dict[str, str]:
    """Return the blocks noted at each level of our chain, as Postgres writes them."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "select level, blocks::text from proofs where chain = %s and not isempty(blocks)", (CHAIN,)
        )
        return {row[0]: row[1] async for row in rows}
