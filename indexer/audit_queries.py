"""Read what our rows say of the contracts' counters, as of a block."""

from dataclasses import dataclass

from indexer.audit_values import Expected, Ground
from models.values import ZERO_ADDRESS, Chain
from runtime.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Where to audit: at the last final block, else at the newest."""

    final: Ground
    newest: Ground
    start_block: int


async def grounds(connection: Connection, chain: Chain) -> Grounds | None:
    """Return the blocks to audit at, or None where nothing of the chain is indexed."""
    row = await (
        await connection.execute(
            """
            select least(final_through, checkpoints.number), blocks.hash, checkpoints.number, checkpoints.hash,
                start_block
            from checkpoints left join blocks
                on blocks.chain = checkpoints.chain and blocks.number = least(final_through, checkpoints.number)
            where checkpoints.chain = %s
            """,
            (chain,),
        )
    ).fetchone()
    if row is None:
        return None
    newest = Ground(number=row[2], hash=row[3])
    final = newest if row[0] == row[2] else Ground(number=row[0], hash=row[1])
    return Grounds(final=final, newest=newest, start_block=row[4])


async def expected(connection: Connection, chain: Chain, block: int) -> list[Expected]:
    """Return what the rows up to a block imply: what must be equal first."""
    return await (_of_jobs if chain is Chain.BSC else _of_providers)(connection, block)


async def _of_jobs(connection: Connection, block: int) -> list[Expected]:
    row = await (
        await connection.execute(
            """
            select (select count(*) from job_created where block_number <= %(block)s),
                (select count(distinct job_id) from job_confirmed where block_number <= %(block)s),
                (select coalesce(sum(payment), 0) from job_created where block_number <= %(block)s)
                - (select coalesce(sum(amount), 0) from payment_claimed where block_number <= %(block)s)
            """,
            {"block": block},
        )
    ).fetchone()
    assert row is not None, "a query of counts has one row"
    return [
        Expected(function="totalJobsCreated", ours=row[0], is_exact=True),
        Expected(function="totalJobsCompleted", ours=row[1], is_exact=False),
        Expected(function="totalEscrowAmount", ours=int(row[2]), is_exact=False),
    ]


async def _of_providers(connection: Connection, block: int) -> list[Expected]:
    # Whoever is known anywhere: a provider whose credits are all missing here may have been given jobs on BSC.
    rows = await connection.execute(
        """
        with known as (
            select decode(substr(wallet_address, 3), 'hex') as provider from providers
            union select provider from job_count_incremented where block_number <= %(block)s
            union select provider from job_created where provider <> %(nobody)s
        )
        select known.provider, count(credited.block_number) from known
        left join job_count_incremented credited
            on credited.provider = known.provider and credited.block_number <= %(block)s
        group by known.provider order by known.provider
        """,
        {"block": block, "nobody": ZERO_ADDRESS},
    )
    counts = [
        Expected(function="successfulJobsCount", ours=row[1], is_exact=True, argument=row[0]) async for row in rows
    ]
    row = await (
        await connection.execute(
            """
            select (select count(distinct provider) from node_registered where block_number <= %s),
                (select count(*) from providers where is_online)
            """,
            (block,),
        )
    ).fetchone()
    assert row is not None, "a query of counts has one row"
    return [
        *counts,
        Expected(function="totalProviders", ours=row[0], is_exact=False),
        Expected(function="getActiveProvidersCount", ours=row[1], is_exact=False),
    ]
