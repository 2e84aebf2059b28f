"""What the benchmark of queries reads by itself."""

from runtime.database import Connection


async def some_jobs(connection: Connection, count: int) -> list[bytes]:
    """Return the ids of jobs from all over the table."""
    rows = await connection.execute(
        "select job_id from jobs where get_byte(sha256(job_id), 0) < 16 order by sha256(job_id) limit %s", [count]
    )
    return [job_id for (job_id,) in await rows.fetchall()]
