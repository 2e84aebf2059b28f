"""What `lamda retry JOB` does: have a job handed out again, however long its pause would last, or run once more."""

from dispatch import plan
from lamda.operators import operator
from models.retry_values import Refusal, RunAgain
from models.values import show_bytes
from runtime import retry_store
from runtime.database import Pool
from runtime.errors import CannotRun


async def retry(pool: Pool, job_id: bytes) -> str:
    """Make a job due and return what to tell of it. Raises `CannotRun` for one that is not handed out again."""
    async with pool.connection() as connection, connection.transaction():
        verdict = await retry_store.retry(connection, job_id, asked_by=operator())
    name = show_bytes(job_id)
    if isinstance(verdict, Refusal):
        raise CannotRun(f"job {name} {verdict.reason}")
    is_due = "had failed and is to be run once more" if isinstance(verdict, RunAgain) else "is due"
    pause = plan.URGENT_PAUSE.total_seconds()
    return f"job {name} {is_due}: a reactor hands it out again, {pause:.0f} s after the attempt before at the earliest"
