"""
The books of crediting: intents, nonces and signed transactions in Postgres.

All goes through the one connection that holds the signer's lease (`credit_lease_store`): who has lost it can write
nothing more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from chain.signer import Signed
from dispatch import credit_books_store
from dispatch.credit_values import Attempt, Books, Due, Intent, Kind
from models.state import JOBS
from models.values import Fees, checksum_address, show_bytes
from runtime import feed, state_store
from runtime.database import Connection

logger = structlog.get_logger()

FULL_LOOK_AFTER = timedelta(minutes=1)
"""How often all confirmations are looked through again."""

TOLD_MAX = 50
"""How many credits that are settled together are told of apart."""

RECONCILE_AFTER = timedelta(hours=1)
"""How often what is settled is compared with the chain's increments: seconds of work, with a million credits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttempt:
    """A transaction that was signed for an intent and is still to be stored; `starts_nonce` when it is the first."""

    intent: Intent
    nonce: int
    kind: Kind
    gas: int
    fees: Fees
    signed: Signed
    starts_nonce: bool

    def stored(self, now: datetime) -> Attempt:
        """Return the attempt that it is once it is stored."""
        return Attempt(
            transaction_hash=self.signed.hash,
            nonce=self.nonce,
            kind=self.kind,
            raw=self.signed.raw,
            gas=self.gas,
            fees=self.fees,
            signed_at=now,
        )


class CreditStore:
    """The books of one signer, for as long as we hold the lease."""

    def __init__(self, connection: Connection, signer: bytes) -> None:
        self._connection = connection
        self._signer = signer
        # Confirmations up to here have an intent; what is final does not change, unless by a reindex.
        self._looked_through = -1
        self._looked_through_all_at: datetime | None = None
        self._reconciled_at: datetime | None = None

    async def books(self, now: datetime, *, resting: int) -> Books:
        """Return what there is to do, all as of one moment, once what has become final is settled."""
        if self._looked_through_all_at is None or now - self._looked_through_all_at >= FULL_LOOK_AFTER:
            self._looked_through, self._looked_through_all_at = -1, now
        if self._reconciled_at is None or now - self._reconciled_at >= RECONCILE_AFTER:
            await self._connection.execute(_UNSETTLE)
            self._reconciled_at = now
        settled = await self._connection.execute(_SETTLE, {"now": now})
        for row in await settled.fetchmany(TOLD_MAX):
            logger.info("credit.settled", job=show_bytes(row[0]), provider=checksum_address(row[1]))
        return await credit_books_store.read(
            self._connection, self._signer, looked_through=self._looked_through, resting=resting
        )

    async def unexplained(self, final: int, limit: int) -> list[bytes]:
        """Return the transactions of the newest final increments that no attempt of ours has made."""
        return await credit_books_store.unexplained(self._connection, final, limit)

    async def decide(self, due: Sequence[Due], adopted: frozenset[bytes], now: datetime) -> None:
        """Make an intent of each confirmation; those adopted, new or old, never get a transaction."""
        if not due and not adopted:
            return
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
                    "jobs": [each.job_id for each in due],
                    "providers": [each.provider for each in due],
                    "adopted": [each.job_id in adopted for each in due],
                },
            )
            await self._connection.execute(
                "update credits set adopted = true where job_id = any(%s) and not adopted", (list(adopted),)
            )
            await self._tell([*adopted, *(each.job_id for each in due)])

    def looked_through(self, block: int) -> None:
        """Remember that each final confirmation up to a BSC block has an intent."""
        self._looked_through = block

    async def keep(self, attempts: Sequence[NewAttempt], now: datetime) -> None:
        """Store signed transactions; they may be sent once this returns."""
        if not attempts:
            return
        async with self._connection.transaction():
            for attempt in attempts:
                await self._keep(attempt, now)
            await self._tell([attempt.intent.job_id for attempt in attempts])

    async def sent(self, attempts: Sequence[tuple[Intent, Attempt]], answers: Sequence[str], now: datetime) -> None:
        """Remember when transactions were last handed to an endpoint, and what it made of them."""
        if not attempts:
            return
        async with self._connection.transaction():
            await self._connection.execute(
                """
                update credit_attempts set sent_at = %s, answer = said.answer
                from unnest(%s::bytea[], %s::text[]) as said (transaction_hash, answer)
                where credit_attempts.transaction_hash = said.transaction_hash
                """,
                (now, [attempt.transaction_hash for _, attempt in attempts], list(answers)),
            )
            await self._tell([intent.job_id for intent, _ in attempts])

    async def free(self, intent: Intent, reason: str, now: datetime) -> None:
        """Let an intent have another nonce: the one it has was consumed without a credit."""
        async with self._connection.transaction():
            await self._connection.execute(_FREE, {"job": intent.job_id, "reason": reason, "now": now})
            await self._tell([intent.job_id])

    async def block(self, intent: Intent, reason: str, now: datetime) -> None:
        """Note that the contract would not credit the provider of an intent, once more."""
        async with self._connection.transaction():
            await self._connection.execute(
                "update credits set blocked_reason = %s, blocked_at = %s, refusals = refusals + 1 where job_id = %s",
                (reason, now, intent.job_id),
            )
            await self._tell([intent.job_id])

    async def adopt(self, nonces: int, final_block: int, reason: str, now: datetime, *, unswept: bool) -> None:
        """Account for all nonces below `nonces`; where it is `unswept`, those after them are spent before a credit."""
        await self._connection.execute(_ADOPT, {"signer": self._signer, "nonces": nonces, "final": final_block,
            "reason": reason, "unswept": unswept, "now": now})  # fmt: skip

    async def halt(self, reason: str) -> None:
        """Sign nothing more until a person has looked."""
        await self._connection.execute(
            "update signers set halted_reason = %s where address = %s", (reason, self._signer)
        )

    async def heed(self) -> None:
        """Take a person's word as followed: what was strange is history, or is gone."""
        await self._connection.execute(
            "update signers set adopts = false, halted_reason = null where address = %s", (self._signer,)
        )

    async def beat(self, *, waits_for: str, balance_wei: int | None) -> None:
        """Show that we live, what we wait for, and what the account holds; a pause holds for a new account as well."""
        await self._connection.execute(
            """
            insert into signers (address, beat_at, paused_reason)
            values (%(signer)s, clock_timestamp(), (select max(paused_reason) from signers))
            on conflict (address) do update set beat_at = clock_timestamp(), waits_for = nullif(%(reason)s, ''),
                balance = coalesce(%(balance)s, signers.balance)
            """,
            {"signer": self._signer, "reason": waits_for, "balance": balance_wei},
        )

    async def _keep(self, attempt: NewAttempt, now: datetime) -> None:
        row = {"signer": self._signer, "nonce": attempt.nonce, "job": attempt.intent.job_id, "now": now}
        if attempt.starts_nonce:
            await self._connection.execute(_TAKE, row)
        await self._connection.execute(
            _KEEP,
            row
            | {
                "kind": attempt.kind.value,
                "hash": attempt.signed.hash,
                "signed": attempt.signed.raw,
                "gas": attempt.gas,
                "max_fee": attempt.fees.max_wei,
                "priority": attempt.fees.priority_wei,
            },
        )

    async def _tell(self, job_ids: Sequence[bytes]) -> None:
        await feed.append(self._connection, await state_store.touch(self._connection, JOBS, job_ids))


_FINAL_INCREMENT = """
exists (
    select from credit_attempts ours
    join job_count_incremented fact using (transaction_hash)
    join checkpoints chain on chain.chain = 'opbnb'
    where ours.job_id = credits.job_id and ours.kind = 'credit' and fact.provider = credits.provider
        and fact.block_number <= chain.final_through and chain.paused_reason is null
)
"""

# Uses the index credits_open.
_SETTLE = f"""
update credits set settled_at = %(now)s, blocked_reason = null, blocked_at = null
where settled_at is null and not adopted and {_FINAL_INCREMENT}
returning job_id, provider
"""

# A reindex may have taken away an increment that was never there.
_UNSETTLE = """
update credits set settled_at = null
where settled_at is not null and not exists (
    select from credit_attempts ours join job_count_incremented fact using (transaction_hash)
    where ours.job_id = credits.job_id and ours.kind = 'credit'
)
"""

_TAKE = """
insert into credit_nonces (signer, nonce, job_id, after_nonce, after_adoption, taken_at)
select %(signer)s, %(nonce)s, %(job)s, case when adopted.nonces is null then %(nonce)s::bigint - 1 end,
    adopted.nonces, %(now)s
from (select) one
left join credit_adoptions adopted on adopted.signer = %(signer)s and adopted.nonces = %(nonce)s
"""

_KEEP = """
with asked as (
    update credits set blocked_reason = null, blocked_at = null where job_id = %(job)s and blocked_at is not null
        and %(kind)s = 'credit'
)
insert into credit_attempts (
    job_id, signer, nonce, kind, transaction_hash, signed, gas, max_fee_per_gas, max_priority_fee_per_gas, signed_at
) values (
    %(job)s, %(signer)s, %(nonce)s, %(kind)s, %(hash)s, %(signed)s, %(gas)s, %(max_fee)s, %(priority)s, %(now)s
)
"""

# Whatever was decided: a nonce that has credited is never freed.
_FREE = """
update credit_nonces freed set freed_at = %(now)s, failure = %(reason)s
where job_id = %(job)s and freed_at is null and not exists (
    select from credit_attempts ours join job_count_incremented fact using (transaction_hash)
    where ours.signer = freed.signer and ours.nonce = freed.nonce
)
"""

_ADOPT = """
insert into credit_adoptions (signer, nonces, final_block, reason, unswept, adopted_at)
values (%(signer)s, %(nonces)s, %(final)s, %(reason)s, %(unswept)s, %(now)s)
on conflict (signer, nonces) do update set unswept = excluded.unswept or credit_adoptions.unswept
"""
