"""What waits to be dispatched and credited, and how long it has, for metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row, dict_row

from models.values import checksum_address
from runtime.database import Connection
from runtime.metrics import Figures

# Uses the index jobs_by_status.
_OPEN = """
select status, count(*) as jobs,
    greatest(0, extract(epoch from clock_timestamp() - min(coalesce(started_at, assigned_at, created_at))))::float
        as oldest_seconds
from jobs where status in ('CREATED', 'ASSIGNED', 'RUNNING') group by status
"""
_TROUBLES = "select trouble, count(*) as jobs from told_reasons where trouble is not null group by trouble"
# Uses the index dispatches_unpublished.
_UNPUBLISHED = """
select count(*) as attempts,
    coalesce(greatest(0, extract(epoch from clock_timestamp() - min(decided_at))), 0)::float as oldest_seconds
from dispatches where published_at is null
"""
# Uses the index jobs_by_status.
_REPEATED = """
select count(*) as jobs, coalesce(max(attempts), 0) as attempts from (
    select max(attempt) as attempts from jobs join dispatches using (job_id)
    where status in ('CREATED', 'ASSIGNED', 'RUNNING') group by job_id
) sent where attempts > 1
"""
# Uses the index credits_open.
_CREDITS = """
select state, count(*) as credits, max(signed) as signed, max(refusals) as refusals,
    greatest(0, extract(epoch from clock_timestamp() - min(decided_at)))::float as oldest_seconds
from credits credit
left join credit_nonces live on live.job_id = credit.job_id and live.freed_at is null
cross join lateral (
    select case
        when credit.blocked_at is not null then 'blocked' when live.nonce is null then 'waiting' else 'under_way'
    end as state
) standing
cross join lateral (select count(*) as signed from credit_attempts where job_id = credit.job_id) attempts
where settled_at is null and not adopted group by state
"""
IS_PAST = """
beat_at < clock_timestamp() - interval '1 minute'
and exists (select from signers newer where newer.beat_at > signers.beat_at)
and not exists (
    select from credits join credit_nonces live using (job_id)
    where settled_at is null and not adopted and live.signer = address and live.freed_at is null
)
"""
"""Says of a signer that another key has signed since, and nothing waits for this one. Uses the index credits_open."""

_SIGNERS = f"""
select address, balance::float as balance_wei, (halted_reason is not null)::integer as halted,
    (paused_reason is not null)::integer as paused, (waits_for is not null)::integer as waits,
    greatest(0, extract(epoch from clock_timestamp() - beat_at))::float as beat_seconds,
    (select max(nonce) from credit_nonces where signer = address) as nonce
from signers where not ({IS_PAST})
"""
_SIGNER = """
select halted_reason, paused_reason, waits_for,
    greatest(0, extract(epoch from clock_timestamp() - beat_at))::float as silent_seconds
from signers where address = %s
"""
SIGNER = ("balance_wei", "halted", "paused", "waits", "beat_seconds", "nonce")


@dataclass(frozen=True, slots=True)
class SignerCondition:
    """What keeps a signer from signing: a person's look, an admin's pause, what passes by itself, or nothing."""

    halted_reason: str | None
    paused_reason: str | None
    waits_for: str | None
    silent_seconds: float


async def read_dispatches(connection: Connection) -> Mapping[str, Figures]:
    """Return how many open jobs and attempts there are, and how long the oldest has waited."""
    jobs, troubles = await _rows(connection, _OPEN), await _rows(connection, _TROUBLES)
    [unpublished], [repeated] = await _rows(connection, _UNPUBLISHED), await _rows(connection, _REPEATED)
    return {
        "open_jobs": {(each["status"].lower(),): each["jobs"] for each in jobs},
        "oldest_job_seconds": {(each["status"].lower(),): each["oldest_seconds"] for each in jobs},
        "troubled_jobs": {(each["trouble"],): each["jobs"] for each in troubles},
        "unpublished": {(): unpublished["attempts"]},
        "oldest_unpublished_seconds": {(): unpublished["oldest_seconds"]},
        "repeated_jobs": {(): repeated["jobs"]},
        "most_attempts": {(): repeated["attempts"]},
    }


async def read_credits(connection: Connection) -> Mapping[str, Figures]:
    """Return how many credits are open, by state, and how each signer stands."""
    states, signers = await _rows(connection, _CREDITS), await _rows(connection, _SIGNERS)
    found: dict[str, Figures] = {
        name: {(each["state"],): each[name] for each in states}
        for name in ("credits", "oldest_seconds", "signed", "refusals")
    }
    for name in SIGNER:
        found[name] = {
            (checksum_address(each["address"]),): float(each[name]) for each in signers if each[name] is not None
        }
    return found


async def read_signer(connection: Connection, address: bytes) -> SignerCondition | None:
    """Return what a signer waits for, or None where it never took its lease."""
    async with connection.cursor(row_factory=class_row(SignerCondition)) as cursor:
        return await (await cursor.execute(_SIGNER, (address,))).fetchone()


async def _rows(connection: Connection, query: str) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(query)).fetchall()
