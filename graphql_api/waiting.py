"""
Wait until blocks are indexed, so that somebody reads what they have just written.

The change feed wakes whoever waits, and in case it does not, they look now and then. Nobody holds a connection while
they wait. Whether the blocks are there in the end is for the snapshot to say that the answer is read from.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from graphql_api import chain_queries
from graphql_api.as_of import by_chain, is_indexed
from graphql_api.errors import Declined
from graphql_api.listening import Heard, Interest, Listener
from graphql_api.reading import World
from graphql_api.snapshot import Snapshot
from models.feed import Entity
from models.values import Chain
from runtime.database import Pool

WAIT_SECONDS = 2.0
POLL_SECONDS = 0.5
PROGRESS = Interest(entity=Entity.CHAIN)


async def wait_until_indexed(world: World, awaited: Mapping[Chain, int]) -> None:
    """Return once each chain is indexed up to the block awaited of it, or after two seconds anyway."""
    with suppress(TimeoutError, Declined), world.broadcast.listen(PROGRESS) as listener:
        async with asyncio.timeout(WAIT_SECONDS):
            while not await _are_indexed(world.pool, awaited):
                await _news(listener, awaited)


async def _are_indexed(pool: Pool, awaited: Mapping[Chain, int]) -> bool:
    """Say whether the blocks are known to be there; while the database is too busy to say, they are not."""
    snapshot = Snapshot(pool)
    try:
        standing = by_chain(await chain_queries.checkpoints(snapshot))
    except Declined:
        return False
    finally:
        await snapshot.close()
    return all(is_indexed(at, standing) for at in awaited.items())


async def _news(listener: Listener, awaited: Mapping[Chain, int]) -> None:
    """Return when the feed tells of a block that is awaited, at the latest when it is time to look."""
    with suppress(TimeoutError):
        async with asyncio.timeout(POLL_SECONDS):
            async for change in listener.changes():
                if _may_be_awaited(change, awaited):
                    return


def _may_be_awaited(change: Heard, awaited: Mapping[Chain, int]) -> bool:
    number = None if change.after is None else change.after.get("number")
    return any(change.key == chain and number is not None and number >= block for chain, block in awaited.items())
