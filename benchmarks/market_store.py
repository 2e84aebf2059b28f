"""What a benchmark of effects hands in and asks for in SQL."""

from collections.abc import Sequence

from models.state import JOBS
from runtime import feed, state_store
from runtime.database import Pool

IMAGE = "ghcr.io/example/inference:1.4.2"


async def hand_in(pool: Pool, job_ids: Sequence[bytes], renter: bytes) -> None:
    """Hand in what to run for jobs, as their renter."""
    async with pool.connection() as connection:
        await connection.execute(
            """
            insert into job_specs (job_id, renter, docker_image, input_url, output_bucket, output_name, submitted_at)
            select job_id, %s, %s, 'gnfd://inputs/scene.tar', 'results', encode(job_id, 'hex'), now()
            from unnest(%s::bytea[]) as ours (job_id)
            """,
            (renter, IMAGE, list(job_ids)),
        )
        await state_store.lock(connection, JOBS, job_ids)
        await feed.append(connection, await state_store.refresh(connection, JOBS, job_ids, {}))


async def count_final(pool: Pool, table: str, chain: str) -> int:
    """Return how many facts of a table are final in our copy of their chain."""
    counts = {
        "job_created": "select count(*) from job_created",
        "job_confirmed": "select count(*) from job_confirmed",
    }
    async with pool.connection() as connection:
        found = await connection.execute(
            f"{counts[table]} where block_number <= (select final_through from checkpoints where chain = %s)", (chain,)
        )
        row = await found.fetchone()
    assert row is not None
    return int(row[0])


async def are_followed(pool: Pool) -> bool:
    """Say whether both chains are indexed to their heads."""
    async with pool.connection() as connection:
        found = await connection.execute("select count(*) from checkpoints where final_through > 0 and number = head")
        row = await found.fetchone()
    return row == (2,)
