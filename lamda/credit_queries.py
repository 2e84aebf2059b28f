"""What the face reads and writes of the signers' books."""

from psycopg.rows import class_row

from dispatch.backlog_store import IS_PAST
from lamda.credit_page import BlockedCredit, CreditCounts, Imbalance, SignerStatus
from runtime.database import Pool

SHOWN_MAX = 20


async def signers(pool: Pool) -> list[SignerStatus]:
    """Return where each signer stands."""
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(SignerStatus))
        await cursor.execute(
            f"""
            select address, halted_reason, paused_reason, waits_for, balance, adopts, {IS_PAST} as is_past,
                extract(epoch from clock_timestamp() - beat_at)::float as beat_seconds_ago,
                greatest(
                    (select max(nonce) + 1 from credit_nonces where signer = address),
                    (select max(nonces) from credit_adoptions where signer = address)
                ) as nonces
            from signers order by beat_at desc
            """
        )
        return await cursor.fetchall()


async def counts(pool: Pool) -> CreditCounts:
    """Return how many credits stand where."""
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(CreditCounts))
        await cursor.execute(
            """
            select count(*) filter (where adopted) as adopted,
                count(*) filter (where settled_at is not null) as settled,
                count(*) filter (where blocked_at is not null) as blocked,
                count(*) filter (where is_open and live.nonce is not null) as under_way,
                count(*) filter (where is_open and live.nonce is null and blocked_at is null) as waiting,
                min(decided_at) filter (where is_open) as oldest_open
            from credits
            cross join lateral (select not adopted and settled_at is null as is_open) standing
            left join credit_nonces live on is_open and live.job_id = credits.job_id and live.freed_at is null
            """
        )
        found = await cursor.fetchone()
    assert found is not None, "an aggregate returns a row"
    return found


async def blocked(pool: Pool) -> list[BlockedCredit]:
    """Return credits that the contract refuses, the longest refused first."""
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(BlockedCredit))
        await cursor.execute(
            """
            select job_id, provider, blocked_reason as reason, refusals from credits
            where blocked_at is not null order by refusals desc, decided_at limit %s
            """,
            (SHOWN_MAX,),
        )
        return await cursor.fetchall()


async def imbalances(pool: Pool) -> list[Imbalance]:
    """Return providers whose final increments on chain are more or fewer than the credits that our books call given."""
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(Imbalance))
        await cursor.execute(
            """
            with onchain as (
                select provider, count(*) as increments from job_count_incremented
                where block_number <= (select final_through from checkpoints where chain = 'opbnb') group by provider
            ), given as (
                select provider, count(*) as credits from credits
                where adopted or settled_at is not null group by provider
            )
            select provider, coalesce(increments, 0) as increments, coalesce(credits, 0) as credits
            from onchain full join given using (provider)
            where coalesce(increments, 0) <> coalesce(credits, 0)
            order by abs(coalesce(increments, 0) - coalesce(credits, 0)) desc, provider limit %s
            """,
            (SHOWN_MAX,),
        )
        return await cursor.fetchall()


async def adopt(pool: Pool) -> list[tuple[bytes, str]]:
    """Give a person's word that the nonces which halted signers are history; return the signers and their reasons."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "update signers set adopts = true where halted_reason is not null returning address, halted_reason"
        )
        return await rows.fetchall()


async def restored(pool: Pool) -> int:
    """Give a person's word that the database was restored; return to how many signers that matters."""
    async with pool.connection() as connection:
        return (await connection.execute("update signers set adopts = true")).rowcount
