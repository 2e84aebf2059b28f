"""What `lamda retry JOB` does: have a job handed out again, however long its pause would last."""

from dispatch import plan
from dispatch.outbox import Outbox
from lamda import queries
from models.values import JobStatus, show_bytes
from runtime.database import Pool
from runtime.errors import CannotRun

OPEN = (JobStatus.CREATED, JobStatus.ASSIGNED, JobStatus.RUNNING)


async def retry(pool: Pool, job_id: bytes) -> str:
    """Make a job due and return what to tell of it. Raises `CannotRun` for a job that is not open."""
    status, name = await queries.job_status(pool, job_id), show_bytes(job_id)
    if status is None:
        raise CannotRun(f"job {name} is not in the database: no JobCreated of it is indexed on BSC")
    if status not in OPEN:
        raise CannotRun(
            f"job {name} is {status}: its agent or the chain has had the last word, it is not handed out again"
        )
    await Outbox(pool, plan.PAUSES).retry(job_id)
    pause = plan.URGENT_PAUSE.total_seconds()
    return f"job {name} is due: a reactor hands it out again, {pause:.0f} s after the attempt before at the earliest"
