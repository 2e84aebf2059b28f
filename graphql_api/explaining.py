"""Gather what the reason of a job's standing follows from."""

import asyncio

from graphql_api.as_of import NOW, AsOf
from graphql_api.life_rows import CreditRow, DispatchRow
from graphql_api.reading import Reading
from graphql_api.rows import JobRow, ProviderRow
from models.credit_values import CreditFacts, CreditStatus, credit_status
from models.reason import UNKNOWN_AGENT, AgentFacts, DispatchFacts, JobFacts, ProviderFacts, reason
from models.values import Chain, EscrowStatus, JobStatus


async def reason_of(reading: Reading, job: JobRow, as_of: AsOf = NOW) -> str | None:
    """Return why a job stands where it stands, or None when it is done; a block is as final as it is now."""
    # All at once: what many jobs ask for in the same moment is asked once.
    provider, dispatch, credit, bsc_final, opbnb_final, now = await asyncio.gather(
        _provider(reading, job, as_of),
        reading.dispatch(job),
        reading.credit(job, as_of),
        reading.final_through(Chain.BSC),
        reading.final_through(Chain.OPBNB),
        reading.now(),
    )
    facts = JobFacts(
        status=JobStatus(job.status),
        escrow=EscrowStatus(job.escrow),
        has_spec=job.has_spec,
        is_assigned=job.provider is not None,
        is_final=job.source_block <= bsc_final,
        created_at=job.created_at,
        started_at=job.started_at,
        error=job.error,
        provider=None
        if provider is None
        else ProviderFacts(is_online=provider.is_online, last_seen=provider.last_seen),
        dispatch=None if dispatch is None else dispatch_facts(dispatch),
        credit=None if credit is None else status_of(credit, final_block=opbnb_final),
        agent=UNKNOWN_AGENT if dispatch is None else _agent_facts(dispatch),
    )
    return reason(facts, now or job.updated_at)


def dispatch_facts(row: DispatchRow) -> DispatchFacts:
    """Return what a row says of the attempts to hand out a job."""
    return DispatchFacts(
        attempts=row.attempts,
        first_sent_at=row.first_sent_at,
        last_sent_at=row.last_sent_at,
        acknowledged_at=row.acknowledged_at,
    )


def status_of(row: CreditRow, *, final_block: int) -> CreditStatus:
    """Return where the credit of a row stands when opBNB is final up to a block."""
    facts = CreditFacts(
        adopted=row.adopted,
        blocked=row.blocked_reason is not None,
        attempts=row.attempts,
        live=row.live,
        sent=row.sent,
        mined_block=row.mined_block,
    )
    return credit_status(facts, final_block=final_block)


def _agent_facts(row: DispatchRow) -> AgentFacts:
    return AgentFacts(
        signed_in_at=row.signed_in_at,
        is_barred=row.is_barred,
        barred_until=row.barred_until,
        barred_reason=row.barred_reason,
    )


async def _provider(reading: Reading, job: JobRow, as_of: AsOf) -> ProviderRow | None:
    return None if job.provider is None else await reading.provider(job.provider, as_of)
