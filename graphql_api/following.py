"""Look back for one subscriber: what of interest changed since its cursor, up to where the feed stands now."""

from graphql_api import feed_queries, replay
from graphql_api.listening import Heard, Interest, resync
from graphql_api.reading import Reading
from runtime.feed import Position

REPLAY_MAX = 10_000
"""Keys a returning subscriber is told of one by one; above, it is told to read again."""


async def look_back(reading: Reading, interest: Interest, after: Position) -> tuple[list[Heard], int]:
    """Return what changed after the cursor, and the position up to which it is told. Raises `Declined`."""
    extent = await feed_queries.feed_extent(reading.snapshot)
    replay.check(after, extent)
    through = extent.position
    rows = await feed_queries.changes_since(
        reading.snapshot, interest, after=after.number, through=through, limit=REPLAY_MAX + 1
    )
    if len(rows) > REPLAY_MAX:
        return [resync(interest.entity, through)], through
    return list(replay.fold(rows, interest, through=through)), through
