"""Blocks that a question names: as of which, and not before which, it is to be answered."""

from collections.abc import Sequence

import strawberry

from graphql_api.as_of import AsOf
from graphql_api.schema.chain import Info
from models.values import Chain


@strawberry.input
class At:
    """A block of a chain."""

    chain: Chain
    block: int


async def answered_as_of(info: Info, blocks: Sequence[At] | None) -> AsOf:
    """Return as of which blocks to answer. Raises `Declined`."""
    return await info.context.as_of((at.chain, at.block) for at in blocks or ())


async def answered_not_before(info: Info, block: At | None) -> None:
    """Raise `NotIndexed` unless the block is in the snapshot; what waiting can do was done before it began."""
    if block is not None:
        await info.context.demand((block.chain, block.block))
