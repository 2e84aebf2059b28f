"""What the face reads from the database."""

from datetime import UTC, datetime

from lamda.status import ChainStatus
from runtime.database import Pool


async def chain_statuses(pool: Pool) -> list[ChainStatus]:
    """Return the status of every chain that this database has, in a fixed order."""
    now = datetime.now(UTC)
    async with pool.connection() as connection:
        rows = await connection.execute(
            """
            select chain, head, finalized, number, state_through, block_time, updated_at, paused_reason
            from checkpoints order by chain
            """
        )
        return [
            ChainStatus(
                chain=row[0],
                head=row[1],
                finalized=row[2],
                indexed=row[3],
                state_through=row[4],
                lag_seconds=(now - row[5]).total_seconds(),
                updated_seconds_ago=(now - row[6]).total_seconds(),
                paused_reason=row[7],
            )
            async for row in rows
        ]
