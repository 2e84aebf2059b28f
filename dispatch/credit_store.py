"""
The books of crediting: intents and signed transactions in Postgres.

All goes through one connection that holds the signer's lease, an advisory lock of its session. A reactor that loses
the connection loses the lease and can write nothing more, so there is never a second signer.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import psycopg

from chain.signer import Signed
from dispatch.credit_values import Attempt, Books, Intent
from models.state import JOBS
from models.values import ZERO_ADDRESS, Fees
from runtime import feed, state_store
from runtime.database import Connection

LEASE = 7_041_204_705


class CreditStore:
    """The books, for as long as we hold the lease."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Confirmations up to here have an intent; what is final does not change.
        self._looked_through = -1

    async def books(self) -> Books:
        """Return what there is to do, all as of one moment."""
        async with self._connection.transaction():
            await self._connection.execute("set transaction isolation level repeatable read")
            finals = {row[0]: row[1] async for row in await self._connection.execute(_FINALS)}
            final, bsc_final = finals.get("opbnb", -1), finals.get("bsc", -1)
            return Books(
                final_block=final,
                open=await self._open(final),
                surplus=await self._surplus(final),
                due=await self._due(bsc_final),
                due_through=bsc_final,
            )

    async def decide(self, books: Books, adopted: frozenset[bytes], now: datetime) -> None:
        """Make an intent of each due confirmation; those adopted, new or old, never get a transaction."""
        if books.due or adopted:
            async with self._connection.transaction():
                await self._connection.execute(
                    """
                    insert into credits (job_id, provider, decided_at, adopted)
                    select job_id, provider, %(now)s, adopted
                    from unnest(%(jobs)s::bytea[], %(providers)s::bytea[], %(adopted)s::boolean[])
                        as due (job_id, provider, adopted)
                    on conflict do nothing
                    """,
                    {
                        "now": now,
                        "jobs": [job_id for job_id, _ in books.due],
                        "providers": [provider for _, provider in books.due],
                        "adopted": [job_id in adopted for job_id, _ in books.due],
                    },
                )
                await self._connection.execute(
                    "update credits set adopted = true where job_id = any(%s) and not adopted", (list(adopted),)
                )
                await self._tell([*adopted, *(job_id for job_id, _ in books.due)])
        self._looked_through = books.due_through

    async def keep(self, intent: Intent, nonce: int, fees: Fees, signed: Signed, now: datetime) -> None:
        """Store a signed transaction; it may be sent once this returns."""
        async with self._connection.transaction():
            await self._connection.execute(
                """
                insert into credit_attempts (
                    job_id, nonce, transaction_hash, signed, max_fee_per_gas, max_priority_fee_per_gas, signed_at
                ) values (%s, %s, %s, %s, %s, %s, %s)
                """,
                (intent.job_id, nonce, signed.hash, signed.raw, fees.max_wei, fees.priority_wei, now),
            )
            await self._tell([intent.job_id])

    async def sent(self, intent: Intent, transaction_hash: bytes, now: datetime) -> None:
        """Remember when a transaction was last handed to an endpoint."""
        async with self._connection.transaction():
            await self._connection.execute(
                "update credit_attempts set sent_at = %s where transaction_hash = %s", (now, transaction_hash)
            )
            await self._tell([intent.job_id])

    async def give_up_nonce(self, intent: Intent, reason: str, now: datetime) -> None:
        """Close the live attempts of an intent: their nonce was consumed without a credit."""
        async with self._connection.transaction():
            await self._connection.execute(
                "update credit_attempts set failed_at = %s, failure = %s where job_id = %s and failed_at is null",
                (now, reason, intent.job_id),
            )
            await self._tell([intent.job_id])

    async def _tell(self, job_ids: Sequence[bytes]) -> None:
        await feed.append(self._connection, await state_store.touch(self._connection, JOBS, job_ids))

    async def _open(self, final: int) -> tuple[Intent, ...]:
        rows = await self._connection.execute(_OPEN, {"final": final})
        intents: dict[bytes, Intent] = {}
        async for row in rows:
            earlier = intents.get(row[0], Intent(job_id=row[0], provider=row[1]))
            live = () if row[2] is None else (_attempt(row[2:]),)
            intents[row[0]] = Intent(job_id=row[0], provider=row[1], live=earlier.live + live)
        return tuple(intents.values())

    async def _surplus(self, final: int) -> Mapping[bytes, int]:
        rows = await self._connection.execute(_SURPLUS, {"final": final})
        return {row[0]: row[1] async for row in rows}

    async def _due(self, final: int) -> tuple[tuple[bytes, bytes], ...]:
        rows = await self._connection.execute(
            _DUE, {"after": self._looked_through, "final": final, "nobody": ZERO_ADDRESS}
        )
        return tuple([(row[0], row[1]) async for row in rows])


class LeaseTaken(Exception):
    """Another reactor signs."""


@asynccontextmanager
async def lease(url: str) -> AsyncIterator[CreditStore]:
    """Take the signer's lease and yield the books; it ends with the connection. Raises `LeaseTaken`."""
    async with await psycopg.AsyncConnection.connect(
        url, autocommit=True, application_name="lamda-signer", options="-c timezone=UTC"
    ) as connection:
        row = await (await connection.execute("select pg_try_advisory_lock(%s)", (LEASE,))).fetchone()
        if row is None or not row[0]:
            raise LeaseTaken("another reactor holds the signer's lease")
        try:
            yield CreditStore(connection)
        finally:
            # The server notices a closed connection a moment later; whoever comes next need not wait for that.
            with suppress(psycopg.Error):
                await connection.execute("select pg_advisory_unlock(%s)", (LEASE,))


def _attempt(row: tuple[object, ...]) -> Attempt:
    transaction_hash, nonce, raw, max_fee, priority, signed_at, sent_at = row
    assert isinstance(transaction_hash, bytes)
    assert isinstance(nonce, int)
    assert isinstance(raw, bytes)
    assert isinstance(signed_at, datetime)
    assert sent_at is None or isinstance(sent_at, datetime)
    return Attempt(
        transaction_hash=transaction_hash,
        nonce=nonce,
        raw=raw,
        fees=Fees(max_wei=int(str(max_fee)), priority_wei=int(str(priority))),
        signed_at=signed_at,
        sent_at=sent_at,
    )


# What a paused chain calls final may be what a person is looking into.
_FINALS = "select chain, final_through from checkpoints where paused_reason is null"

_OPEN = """
select credit.job_id, credit.provider, attempt.transaction_hash, attempt.nonce, attempt.signed,
    attempt.max_fee_per_gas, attempt.max_priority_fee_per_gas, attempt.signed_at, attempt.sent_at
from credits credit
left join credit_attempts attempt on attempt.job_id = credit.job_id and attempt.failed_at is null
where not credit.adopted and not exists (
    select from credit_attempts mined
    join job_count_incremented fact using (transaction_hash)
    where mined.job_id = credit.job_id and fact.block_number <= %(final)s
)
order by credit.decided_at, credit.job_id, attempt.id
"""

_SURPLUS = """
with onchain as (
    select provider, count(*) as credited,
        count(*) filter (where transaction_hash in (select transaction_hash from credit_attempts)) as ours
    from job_count_incremented where block_number <= %(final)s group by provider
)
select provider, credited - ours - (
    select count(*) from credits where credits.provider = onchain.provider and adopted
) from onchain
"""

_DUE = """
select confirmed.job_id, created.provider
from (
    select distinct on (job_id) * from job_confirmed
    where block_number > %(after)s and block_number <= %(final)s
    order by job_id, block_number, log_index
) confirmed
cross join lateral (
    select provider from job_created fact where fact.job_id = confirmed.job_id order by block_number, log_index limit 1
) created
where created.provider <> %(nobody)s
    and not exists (select from credits where credits.job_id = confirmed.job_id)
order by confirmed.block_number, confirmed.log_index
"""
