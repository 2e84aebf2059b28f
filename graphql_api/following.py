"""
Follow the feed for one subscriber: first what changed since its cursor, then what changes, without a gap.

Listening begins before looking back, so whatever is committed meanwhile waits in the queue.
"""

from collections.abc import AsyncGenerator

from graphql_api import feed_queries, replay
from graphql_api.listening import Heard, Interest, Listener
from graphql_api.reading import Reading
from runtime.feed import Position

REPLAY_MAX = 10_000
"""Keys a returning subscriber is told of one by one; above, it is told to read again."""


async def follow(reading: Reading, interest: Interest, after: Position | None) -> AsyncGenerator[Heard, None]:
    """Yield each change of interest after the cursor, or from now on. Raises `Declined`."""
    with reading.world.broadcast.listen(interest) as listener:
        if after is not None:
            for change in await _look_back(reading, listener, after):
                yield change
        async for change in listener.changes():
            # Another process may have told of changes before our own reader saw them.
            if after is None or change.position > after.number:
                yield change


async def _look_back(reading: Reading, listener: Listener, after: Position) -> list[Heard]:
    replay.check(after, await feed_queries.feed_extent(reading.snapshot))
    through, interest = listener.since, listener.interest
    rows = await feed_queries.changes_since(
        reading.snapshot, interest, after=after.number, through=through, limit=REPLAY_MAX + 1
    )
    await reading.close()
    if len(rows) > REPLAY_MAX:
        return [replay.resync(interest, through)]
    return list(replay.fold(rows, interest, through=through))
