"""
Have a job handed out again, in one transaction in which what we know of it stands still.

A report on the job waits for us or we for it: of a failure and a retry at the same time, either the failure comes first
and the job is run once more, or the job was still open and then has failed.
"""

from models import retry_values
from models.requests import RequestKind
from models.retry_values import HandOut, JobStanding, Refusal, RunAgain
from models.state import JOBS
from models.values import Chain, EscrowStatus, JobStatus, show_bytes
from runtime import asking_store, feed, state_store
from runtime.asking_store import NewRequest
from runtime.database import Connection


async def retry(connection: Connection, job_id: bytes, *, asked_by: str) -> HandOut | RunAgain | Refusal:
    """Have a job handed out again, or say why not, within the caller's transaction."""
    await state_store.lock(connection, JOBS, [job_id])
    verdict = retry_values.retry(await _standing(connection, job_id))
    if isinstance(verdict, Refusal):
        return verdict
    number = await _ask(connection, job_id, runs_again=isinstance(verdict, RunAgain))
    request = NewRequest(kind=RequestKind.RETRY, chain=Chain.BSC, requested_by=asked_by)
    await asking_store.insert_done(connection, request, {"job": show_bytes(job_id), "number": number})
    await feed.append(connection, await state_store.refresh(connection, JOBS, [job_id], {}))
    return verdict


async def _standing(connection: Connection, job_id: bytes) -> JobStanding | None:
    row = await (
        await connection.execute(
            "select status, escrow, has_spec, provider is not null from jobs where job_id = %s", (job_id,)
        )
    ).fetchone()
    if row is None:
        return None
    status, escrow, has_spec, is_assigned = row
    return JobStanding(
        status=JobStatus(status), escrow=EscrowStatus(escrow), has_spec=has_spec, is_assigned=is_assigned
    )


async def _ask(connection: Connection, job_id: bytes, *, runs_again: bool) -> int:
    """Write the wish down, and return its number: the time, so that it is new to agents after a restore, too."""
    row = await (
        await connection.execute(
            """
            insert into retries (job_id, number, asked_at)
            select %(job_id)s,
                case when %(runs_again)s then greatest(
                    coalesce(max(number), 0) + 1, (1000 * extract(epoch from clock_timestamp()))::bigint
                ) else 0 end,
                clock_timestamp()
            from retries where job_id = %(job_id)s
            returning number
            """,
            {"job_id": job_id, "runs_again": runs_again},
        )
    ).fetchone()
    assert row is not None, "an aggregate returns a row"
    return int(row[0])
