"""Where our copy of a chain stands, as far as what may be asked of it depends on that."""

from models.scope_values import Standing
from models.values import Chain
from runtime.database import Connection


async def find(connection: Connection, chain: Chain, *, lock: bool = False) -> Standing | None:
    """
    Return where our copy of a chain stands, or None where nothing of it is indexed.

    With `lock`, nobody moves it until the transaction ends.
    """
    row = await (
        await connection.execute(
            """
            select number, finalized, final_through, start_block, heartbeats_from, paused_reason, paused_fork
            from checkpoints where chain = %s
            """
            + (" for update" if lock else ""),
            (chain,),
        )
    ).fetchone()
    if row is None:
        return None
    return Standing(
        chain=chain,
        number=row[0],
        finalized=row[1],
        final_through=row[2],
        start_block=row[3],
        heartbeats_from=row[4],
        paused_reason=row[5],
        paused_fork=row[6],
    )
