"""
What every answer says of itself: `extensions.blocks`, the block of each chain that it stands on.

Of parts that are computed for all who ask it is the oldest of theirs, unless something was read for this answer alone:
they are a second older than that at most. It is left out where nothing was read, and where the snapshot failed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql_api.rows import CheckpointRow
from graphql_api.scalars import show_moment
from models.values import Chain, show_bytes


def blocks(checkpoints: Iterable[CheckpointRow]) -> list[Mapping[str, Any]]:
    """
    Return the block of each chain that checkpoints read from one snapshot stand on.

    `final` says whether no reorganisation can undo that block any more. `stateThrough` is the block up to which jobs
    and providers follow from events: it is less than `number` during a long backfill only.
    """
    return [
        {
            "chain": Chain(checkpoint.chain).name,
            "number": checkpoint.number,
            "hash": show_bytes(checkpoint.hash),
            "timestamp": show_moment(checkpoint.block_time),
            "final": checkpoint.number <= checkpoint.final_through,
            "stateThrough": checkpoint.state_through,
        }
        for checkpoint in checkpoints
    ]
