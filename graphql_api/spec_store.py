"""
Keep what a renter wants to have run, until it has been sent.

    one transaction:  key locked → may it still be handed in? → spec kept → state refreshed → feed

Anybody can hand in specs for jobs that never come. So a wallet has a quota of these, and they expire: the indexer's
housekeeping deletes them.

The row of the job is locked too: whoever decides a dispatch passes over locked rows, so a spec is either in time for
the first attempt or refused, and never replaced behind an agent's back.
"""

from datetime import datetime

import structlog

from graphql_api.errors import Conflict, Forbidden, OverQuota
from graphql_api.specs import Spec
from graphql_api.writing import transaction
from models.state import JOBS
from models.values import checksum_address, show_bytes
from runtime import feed, state_store
from runtime.database import Connection, Pool

logger = structlog.get_logger()

WAITING_MAX = 100
RENTER_LOCK = 6
"""Sets the locks of renters apart from those of `models.state` and of requests."""


class SpecStore:
    """The specs of all jobs; of a renter `waiting_max` at most are for jobs that are not on chain yet."""

    def __init__(self, pool: Pool, *, waiting_max: int = WAITING_MAX) -> None:
        self._pool = pool
        self._waiting_max = waiting_max

    async def submit(self, job_id: bytes, renter: bytes, spec: Spec) -> datetime:
        """Keep a renter's spec for a job in place of an earlier one; return when. Raises `Declined`."""
        async with transaction(self._pool) as connection:
            await state_store.lock(connection, JOBS, [job_id])
            if not await _is_on_chain(connection, job_id, renter):
                await self._check_quota(connection, job_id, renter)
            submitted_at = await _keep(connection, job_id, renter, spec)
            changes = await state_store.refresh(connection, JOBS, [job_id], {})
            # Replaced, a spec changes no column of the job, but what is shown beside it.
            await feed.append(connection, changes or await state_store.touch(connection, JOBS, [job_id]))
        logger.info("spec.kept", job=show_bytes(job_id), renter=checksum_address(renter))
        return submitted_at

    async def _check_quota(self, connection: Connection, job_id: bytes, renter: bytes) -> None:
        """Raise `OverQuota` where a renter has too many other specs whose job is not on chain; one counts at a time."""
        await connection.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", (RENTER_LOCK, renter.hex()))
        # Uses the index job_specs_waiting.
        rows = await connection.execute(
            """
            select from job_specs spec
            where spec.renter = %(renter)s and spec.job_id <> %(job_id)s and not spec.has_job and not exists (
                select from job_created fact where fact.job_id = spec.job_id and fact.renter = spec.renter
            ) limit %(limit)s
            """,
            {"renter": renter, "job_id": job_id, "limit": self._waiting_max},
        )
        if rows.rowcount >= self._waiting_max:
            raise OverQuota(
                f"{checksum_address(renter)} has handed in {self._waiting_max} specs for jobs that are not on chain "
                "yet, as many as anybody may: create these jobs first, or wait until the oldest specs expire"
            )


async def _is_on_chain(connection: Connection, job_id: bytes, renter: bytes) -> bool:
    """Say whether there is the job. Raises `Forbidden` and `Conflict` where its spec cannot be handed in any more."""
    row = await (await connection.execute("select renter from jobs where job_id = %s for update", (job_id,))).fetchone()
    if row is None:
        return False
    if row[0] != checksum_address(renter):
        raise Forbidden(f"job {show_bytes(job_id)} was created by {row[0]}: only its renter can say what to run")
    # A statement after the lock: it sees an attempt that was decided while we waited.
    sent = await connection.execute("select from dispatches where job_id = %s limit 1", (job_id,))
    if sent.rowcount:
        raise Conflict(f"job {show_bytes(job_id)} has been dispatched: what to run can no longer be changed")
    return True


async def _keep(connection: Connection, job_id: bytes, renter: bytes, spec: Spec) -> datetime:
    row = await (
        await connection.execute(
            """
            insert into job_specs (
                job_id, renter, docker_image, input_url, output_bucket, output_name,
                min_vram_mib, gpu_model, submitted_at
            ) values (%s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp())
            on conflict (job_id, renter) do update set (
                docker_image, input_url, output_bucket, output_name, min_vram_mib, gpu_model, submitted_at
            ) = (
                excluded.docker_image, excluded.input_url, excluded.output_bucket, excluded.output_name,
                excluded.min_vram_mib, excluded.gpu_model, excluded.submitted_at
            )
            returning submitted_at
            """,
            (
                job_id,
                renter,
                spec.docker_image,
                spec.input_url,
                spec.output_bucket,
                spec.output_name,
                spec.min_vram_mib,
                spec.gpu_model,
            ),
        )
    ).fetchone()
    assert row is not None, "an upsert returns its row"
    submitted_at: datetime = row[0]
    return submitted_at
