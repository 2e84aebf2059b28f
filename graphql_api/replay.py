"""
Decide what a subscriber that comes back is told: what changed since its cursor, each key once, as it is now.

Keys come in the order of their first change, and each carries a cursor just before the next key's first change.
Whoever stops in between and resumes there is told everything that it has not seen; of a key that changed again it
may hear twice, but it never misses that something left its filter.
"""

from collections.abc import Iterator, Sequence

from graphql_api.criteria import read_watched
from graphql_api.errors import BadInput, CursorExpired
from graphql_api.listening import Heard, Interest, resync
from graphql_api.rows import FeedRow, SinceRow
from models.feed import ChangeKind
from runtime.feed import Position


def read_cursor(text: str) -> Position:
    """Return the position a subscription resumes from. Raises `BadInput`."""
    try:
        return Position.parse(text)
    except ValueError as error:
        raise BadInput(f"after: {text[:80]!r} is not a cursor of this feed; expected the cursor of a change") from error


def check(after: Position, feed: FeedRow) -> None:
    """Raise `CursorExpired` unless the feed still holds everything after the cursor."""
    if after.epoch != feed.epoch or after.number > feed.position:
        raise CursorExpired("after: a cursor of another database: read anew and subscribe without a cursor")
    is_gone = feed.oldest is None or after.number + 1 < feed.oldest
    if is_gone and after.number < feed.position:
        raise CursorExpired(
            "after: what changed since this cursor is no longer kept: read anew and subscribe without a cursor"
        )


def fold(rows: Sequence[SinceRow], interest: Interest, *, through: int) -> Iterator[Heard]:
    """Yield what concerns the subscriber of the changes up to `through`, each at the position to resume from."""
    behind = [*(row.first - 1 for row in rows[1:]), through]
    for row, position in zip(rows, behind, strict=False):
        change = _folded(row, interest, position)
        if change is not None and interest.concerns(change):
            yield change


def _folded(row: SinceRow, interest: Interest, position: int) -> Heard | None:
    if row.key is None:
        return resync(interest.entity, position)
    if row.before is None and row.after is None:
        return None  # It came and went unseen.
    return Heard(
        position=position,
        entity=interest.entity,
        kind=_kind(row),
        key=row.key,
        before=read_watched(interest.entity, row.key, row.before),
        after=read_watched(interest.entity, row.key, row.after),
        by_reorg=row.by_reorg,
    )


def _kind(row: SinceRow) -> ChangeKind:
    if row.before is None:
        return ChangeKind.CREATED
    return ChangeKind.REMOVED if row.after is None else ChangeKind.UPDATED
