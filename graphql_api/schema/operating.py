"""What admins see of the work that they have asked for."""

from datetime import datetime

import strawberry

from graphql_api.rows import ReindexRow
from models.values import Chain

REINDEXES_MAX = 100


@strawberry.type
class Reindex:
    """Blocks that are read again, or were; then the difference is applied, in one go."""

    id: strawberry.ID
    chain: Chain
    from_block: int
    to_block: int = strawberry.field(description="The last block that is final; before the work begins, as of now.")
    progress: float = strawberry.field(description="The share of the blocks that is read, 0 to 1.")
    done: bool = strawberry.field(description="Whether it has ended, with a result or without one.")
    missing: int | None = strawberry.field(description="Facts that our tables lacked; null before the end.")
    surplus: int | None = strawberry.field(description="Facts that our tables had too many; null before the end.")
    changed: int | None = strawberry.field(description="Facts with other values; null before the end.")
    reason: str | None = strawberry.field(description="Why it does not get on, or why it has ended without a result.")
    requested_by: str
    requested_at: datetime

    @classmethod
    def of(cls, row: ReindexRow) -> "Reindex":
        """Return a row as admins see it."""
        chain = Chain(row.chain)
        return cls(
            id=strawberry.ID(str(row.id)),
            chain=chain,
            from_block=row.first_block,
            to_block=row.last_block,
            progress=_progress(row),
            done=row.finished_at is not None,
            missing=row.missing,
            surplus=row.surplus,
            changed=row.changed,
            reason=row.error or row.trouble or _waits(row, chain),
            requested_by=row.requested_by,
            requested_at=row.requested_at,
        )


def _progress(row: ReindexRow) -> float:
    if row.finished_at is not None:
        return 0.0 if row.error else 1.0
    if row.started_at is None or row.read_through is None:
        return 0.0
    return max(0.0, min(1.0, (row.read_through - row.first_block + 1) / (row.last_block - row.first_block + 1)))


def _waits(row: ReindexRow, chain: Chain) -> str | None:
    if row.finished_at is not None or row.started_at is not None or row.is_led:
        return None
    return f"nobody indexes {chain.name} now: it waits for an indexer"
