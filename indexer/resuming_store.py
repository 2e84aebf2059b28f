"""Let a paused chain go on, on a person's word."""

from indexer import uptime_store
from models.feed import ChangeKind, Entity
from models.values import Chain
from runtime.database import Connection
from runtime.feed import Change


async def resume(connection: Connection, chain: Chain) -> tuple[dict[str, str | int | None], list[Change]]:
    """
    End a chain's pause; return why it stood still and at which fork, both None where it did not, and what to tell.

    After a reorg deeper than finality nothing above the fork is final any more: the follower takes it back.
    """
    row = await (
        await connection.execute(
            """
            update checkpoints set
                paused_reason = null, paused_fork = null, updated_at = now(),
                final_through = least(checkpoints.final_through, coalesce(old.paused_fork, checkpoints.final_through))
            from (
                select paused_reason, paused_fork from checkpoints
                where chain = %(chain)s and paused_reason is not null for update
            ) old
            where checkpoints.chain = %(chain)s
            returning old.paused_reason, old.paused_fork, number, checkpoints.final_through, finalized, head
            """,
            {"chain": chain},
        )
    ).fetchone()
    if row is None:
        return {"reason": None, "fork": None}, []
    if chain is Chain.OPBNB and row[1] is not None:
        await uptime_store.unfold(connection, row[1])
    after = dict(zip(("number", "final_through", "finalized", "head"), row[2:], strict=True))
    change = Change(
        entity=Entity.CHAIN, kind=ChangeKind.UPDATED, key=chain.value, after={**after, "paused_reason": None}
    )
    return {"reason": row[0], "fork": row[1]}, [change]
