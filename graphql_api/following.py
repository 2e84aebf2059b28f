"""
Follow the feed for one subscriber: first what changed since its cursor, then what changes, without a gap.

Listening begins before looking back, so whatever is committed meanwhile waits in the queue.
"""

from collections.abc import AsyncGenerator

from graphql_api import feed_queries, replay
from graphql_api.listening import Heard, Interest
from graphql_api.reading import Reading
from runtime.feed import Position

REPLAY_MAX = 10_000
"""Keys a returning subscriber is told of one by one; above, it is told to read again."""


async def follow(reading: Reading, interest: Interest, after: Position | None) -> AsyncGenerator[Heard, None]:
    """Yield each change of interest after the cursor, or from now on. Raises `Declined`."""
    with reading.world.broadcast.listen(interest) as listener:
        through = 0
        if after is not None:
            changes, through = await _look_back(reading, interest, after)
            for change in changes:
                yield change
        async for change in listener.changes():
            # What was seen in looking back may still come to our own reader.
            if change.position > through:
                yield change


async def _look_back(reading: Reading, interest: Interest, after: Position) -> tuple[list[Heard], int]:
    """Return what changed after the cursor, and the position up to which it is told."""
    extent = await feed_queries.feed_extent(reading.snapshot)
    replay.check(after, extent)
    through = extent.position
    rows = await feed_queries.changes_since(
        reading.snapshot, interest, after=after.number, through=through, limit=REPLAY_MAX + 1
    )
    await reading.close()
    if len(rows) > REPLAY_MAX:
        return [replay.resync(interest, through)], through
    return list(replay.fold(rows, interest, through=through)), through
