"""
Read the books of crediting: all as of one moment, and of what is settled nothing.

Confirmations that were looked through are not read again at each step, but all are now and then: a reindex may have
brought an older one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chain.sending import Answer
from dispatch.credit_values import Attempt, Books, Due, Intent, Kind, SignerRow
from dispatch.settle import rest_after
from dispatch.verify import Claim
from models.values import ZERO_ADDRESS, BlockId, Fees
from runtime.database import Connection

DUE_MAX = 64
"""How many confirmations become intents in one step: each is read again from the chain before."""


@dataclass(frozen=True, slots=True)
class _Finals:
    head: BlockId | None
    opbnb: int
    bsc: int


async def read(connection: Connection, signer: bytes, *, looked_through: int, resting: int) -> Books:
    """
    Return what there is to do for a signer.

    Confirmations in BSC blocks up to `looked_through` have an intent; so many others are `resting`, perhaps in front.
    """
    async with connection.transaction():
        await connection.execute("set transaction isolation level repeatable read")
        finals = await _finals(connection)
        intents = await _open(connection, final=finals.bsc)
        limit = DUE_MAX + resting
        due = await _due(connection, after=looked_through, final=finals.bsc, limit=limit)
        waiting = sorted({each.provider for each in intents if not each.live} | {each.provider for each in due})
        accounted, has_signed, unswept = await _accounted(connection, signer)
        return Books(
            signer=await _signer(connection, signer),
            head=finals.head,
            final_block=finals.opbnb,
            open=intents,
            surplus=await _numbers(connection, _SURPLUS, providers=waiting, final=finals.opbnb),
            unsure=await _numbers(connection, _UNSURE, providers=waiting, final=finals.opbnb),
            counts=await _numbers(connection, _COUNTS, providers=waiting),
            due=due,
            # Where there is more, the next step goes on from the same block.
            due_through=finals.bsc if len(due) < limit else looked_through,
            accounted=accounted,
            has_signed=has_signed,
            unswept=unswept,
        )


async def unexplained(connection: Connection, final: int, limit: int) -> list[bytes]:
    """Return the transactions of the newest final increments that no attempt of ours has made."""
    rows = await connection.execute(_UNEXPLAINED, {"final": final, "limit": limit})
    return [row[0] async for row in rows]


async def _finals(connection: Connection) -> _Finals:
    rows = {row[0]: row[1:] async for row in await connection.execute(_FINALS)}
    number, block_hash, opbnb = rows.get("opbnb", (-1, None, -1))
    head = None if block_hash is None else BlockId(number=number, hash=block_hash)
    return _Finals(head, opbnb, rows.get("bsc", (-1, None, -1))[2])


async def _signer(connection: Connection, address: bytes) -> SignerRow:
    rows = await connection.execute(
        "select halted_reason, paused_reason, adopts from signers where address = %s", (address,)
    )
    halted, paused, adopts = await rows.fetchone() or (None, None, False)
    return SignerRow(address=address, halted_reason=halted, paused_reason=paused, adopts=adopts)


async def _open(connection: Connection, *, final: int) -> tuple[Intent, ...]:
    intents: dict[bytes, Intent] = {}
    async for job_id, provider, refusals, blocked_at, signer, *attempt in await connection.execute(
        _OPEN, {"final": final}
    ):
        earlier = intents[job_id].live if job_id in intents else ()
        intents[job_id] = Intent(
            job_id=job_id,
            provider=provider,
            signer=signer,
            live=earlier if attempt[0] is None else (*earlier, _attempt(attempt)),
            refusals=refusals,
            rests_until=None if blocked_at is None else rest_after(refusals, blocked_at),
        )
    return tuple(intents.values())


async def _due(connection: Connection, *, after: int, final: int, limit: int) -> tuple[Due, ...]:
    parameters = {"after": after, "final": final, "nobody": ZERO_ADDRESS, "limit": limit}
    return tuple(
        [
            Due(
                job_id=job_id,
                provider=provider,
                block=block,
                claim=Claim(
                    event="JobConfirmed",
                    block_hash=block_hash,
                    transaction_hash=transaction_hash,
                    log_index=log_index,
                    arguments=(job_id, int(confirmed_at)),
                ),
            )
            async for job_id, provider, block, block_hash, transaction_hash, log_index, confirmed_at in (
                await connection.execute(_DUE, parameters)
            )
        ]
    )


async def _numbers(connection: Connection, query: str, **parameters: Any) -> Mapping[bytes, int]:
    return {row[0]: int(row[1]) async for row in await connection.execute(query.encode(), parameters)}


async def _accounted(connection: Connection, signer: bytes) -> tuple[int | None, bool, bool]:
    row = await (await connection.execute(_ACCOUNTED, {"signer": signer})).fetchone()
    assert row is not None, "a select without a table returns a row"
    return row[0], row[1], bool(row[2])


def _attempt(row: Sequence[Any]) -> Attempt:
    transaction_hash, nonce, kind, raw, gas, max_fee, priority, signed_at, sent_at, answer = row
    return Attempt(
        transaction_hash=transaction_hash,
        nonce=nonce,
        kind=Kind(kind),
        raw=raw,
        gas=gas,
        fees=Fees(max_wei=int(max_fee), priority_wei=int(priority)),
        signed_at=signed_at,
        sent_at=sent_at,
        answer=None if answer is None else Answer[answer],
    )


# What a paused chain calls final may be what a person is looking into.
_FINALS = "select chain, number, hash, final_through from checkpoints where paused_reason is null"

# Those in a block of ours have only finality to wait for, and are many where that takes minutes; a reorg brings them
# back. Those with a nonce come first, in the order of these; those without one need their confirmation still, for BSC
# may have been reorganised below finality since. Uses credits_open, one_live_nonce_per_job and job_confirmed_by_job.
_OPEN = """
select credit.job_id, credit.provider, credit.refusals, credit.blocked_at, live.signer,
    attempt.transaction_hash, attempt.nonce, attempt.kind, attempt.signed, attempt.gas,
    attempt.max_fee_per_gas, attempt.max_priority_fee_per_gas, attempt.signed_at, attempt.sent_at, attempt.answer
from credits credit
left join credit_nonces live on live.job_id = credit.job_id and live.freed_at is null
left join credit_attempts attempt on attempt.signer = live.signer and attempt.nonce = live.nonce
where credit.settled_at is null and not credit.adopted and not exists (
    select from credit_attempts ours join job_count_incremented fact using (transaction_hash)
    where ours.job_id = credit.job_id and ours.kind = 'credit'
) and (live.nonce is not null or exists (
    select from job_confirmed fact where fact.job_id = credit.job_id and fact.block_number <= %(final)s
))
order by live.nonce nulls last, credit.decided_at, credit.job_id, attempt.id
"""

# What was settled by a transaction of ours explains one increment each, and so does what was adopted.
_SURPLUS = """
select asked.provider, (
        select count(*) from job_count_incremented fact
        where fact.provider = asked.provider and fact.block_number <= %(final)s
            and not exists (select from credit_attempts ours where ours.transaction_hash = fact.transaction_hash)
    ) - (select count(*) from credits where credits.provider = asked.provider and adopted)
from unnest(%(providers)s::bytea[]) as asked (provider)
"""

# Whose they are is known once they are final.
_UNSURE = """
select fact.provider, count(*) from job_count_incremented fact
where fact.provider = any(%(providers)s) and fact.block_number > %(final)s
    and not exists (select from credit_attempts ours where ours.transaction_hash = fact.transaction_hash)
group by fact.provider
"""

_COUNTS = """
select asked.provider, coalesce((
    select new_count from job_count_incremented fact
    where fact.provider = asked.provider order by block_number desc, log_index desc limit 1
), 0)
from unnest(%(providers)s::bytea[]) as asked (provider)
"""

_DUE = """
select confirmed.job_id, created.provider, confirmed.block_number,
    confirmed.block_hash, confirmed.transaction_hash, confirmed.log_index, confirmed.confirmed_at
from (
    select distinct on (job_id) * from job_confirmed
    where block_number > %(after)s and block_number <= %(final)s
        and not exists (select from credits where credits.job_id = job_confirmed.job_id)
    order by job_id, block_number, log_index
) confirmed
cross join lateral (
    select provider from job_created fact where fact.job_id = confirmed.job_id order by block_number, log_index limit 1
) created
where created.provider <> %(nobody)s
order by confirmed.block_number, confirmed.log_index limit %(limit)s
"""

_ACCOUNTED = """
select greatest(
    (select max(nonce) + 1 from credit_nonces where signer = %(signer)s),
    (select max(nonces) from credit_adoptions where signer = %(signer)s)
), exists (select from credit_nonces where signer = %(signer)s),
(select unswept from credit_adoptions where signer = %(signer)s order by nonces desc limit 1)
"""

_UNEXPLAINED = """
select transaction_hash from job_count_incremented fact
where block_number <= %(final)s
    and not exists (select from credit_attempts ours where ours.transaction_hash = fact.transaction_hash)
order by block_number desc, log_index desc limit %(limit)s
"""
