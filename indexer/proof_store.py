"""
Keep at which level the blocks of a chain were proven, each block at one level only.

    PINNED  ████████
    HASH            ████████████
    BLOOM                       ████     …each level a set of block ranges, none in two of them
"""

from collections.abc import Sequence

from models.values import BlockRange, Chain, ProofLevel
from runtime.database import Connection


async def record(connection: Connection, chain: Chain, blocks: BlockRange, level: ProofLevel) -> None:
    """Note that what we hold of these blocks was proven at this level, whatever was noted of them before."""
    await _put(connection, chain, blocks, level, kept=())


async def strengthen(connection: Connection, chain: Chain, blocks: BlockRange, level: ProofLevel) -> None:
    """Note that these blocks were found right at this level; those proven at a higher one stay there."""
    levels = list(ProofLevel)
    await _put(connection, chain, blocks, level, kept=levels[levels.index(level) + 1 :])


async def forget_above(connection: Connection, chain: Chain, number: int) -> None:
    """Drop what is noted of the blocks above one, which are taken back."""
    await connection.execute(
        """
        update proofs set blocks = blocks - int8multirange(int8range(%(above)s, null))
        where chain = %(chain)s and blocks && int8multirange(int8range(%(above)s, null))
        """,
        {"chain": chain, "above": number + 1},
    )


async def _put(
    connection: Connection, chain: Chain, blocks: BlockRange, level: ProofLevel, *, kept: Sequence[ProofLevel]
) -> None:
    await connection.execute(
        """
        with kept as (
            select coalesce(range_agg(blocks), '{}') as blocks from proofs
            where chain = %(chain)s and level = any(%(kept)s)
        ), proven as (
            select int8multirange(int8range(%(first)s, %(last)s, '[]')) - kept.blocks as blocks from kept
        ), moved as (
            update proofs set blocks = proofs.blocks - proven.blocks from proven
            where chain = %(chain)s and level <> %(level)s and proofs.blocks && proven.blocks
        )
        insert into proofs (chain, level, blocks)
        select %(chain)s, %(level)s, blocks from proven where not isempty(blocks)
        on conflict (chain, level) do update set blocks = proofs.blocks + excluded.blocks
        """,
        {"chain": chain, "level": level, "first": blocks.first, "last": blocks.last, "kept": list(kept)},
    )
