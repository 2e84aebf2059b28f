"""
Put facts into a database as the indexer does: facts, then state, then the feed, in one transaction.

Blocks are numbered, and block n is n seconds after `DAWN`, so that every expected value can be written down.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from eth_hash.auto import keccak
from psycopg import sql

from indexer.heartbeat_store import ensure_partitions
from models.state import JOBS, PROVIDERS, Derivation
from models.values import Chain, checksum_address, parse_address
from runtime import feed, state_store

DAWN = datetime(2026, 1, 1, tzinfo=UTC)
OFFLINE_AFTER = timedelta(seconds=1_000_000)


def moment(block: int) -> datetime:
    """Return the time of a block."""
    return DAWN + timedelta(seconds=block)


def shown(block: int) -> str:
    """Return the time of a block as the API shows it."""
    return moment(block).isoformat().replace("+00:00", "Z")


def block_hash(block: int) -> bytes:
    """Return the hash of a block."""
    return keccak(f"block {block}".encode())


def transaction_hash(block: int, log_index: int) -> bytes:
    """Return the hash of the transaction of a log."""
    return keccak(f"transaction {block} {log_index}".encode())


def somebody(name: str) -> bytes:
    """Return the address of a person of this name; an address names itself."""
    return parse_address(name) if name.startswith("0x") else keccak(name.encode())[:20]


def address(name: str) -> str:
    """Return the same as people write it."""
    return checksum_address(somebody(name))


def job_id(number: int) -> bytes:
    """Return the id of a job."""
    return number.to_bytes(32, "big")


def job_hex(number: int) -> str:
    """Return the same as clients see it."""
    return "0x" + job_id(number).hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One log, decoded."""

    table: str
    derivation: Derivation
    key: bytes
    block: int
    log_index: int
    values: Mapping[str, Any]
    names: tuple[bytes, ...] = field(default=())

    def row(self) -> dict[str, Any]:
        """Return its row of the table."""
        return {
            "block_number": self.block,
            "log_index": self.log_index,
            "block_hash": block_hash(self.block),
            "block_time": moment(self.block),
            "transaction_hash": transaction_hash(self.block, self.log_index),
            **self.values,
        }


def created(
    number: int,
    block: int,
    *,
    log_index: int = 0,
    renter: str = "renter",
    provider: str | None = "provider",
    payment: int,
) -> Fact:
    """Return a `JobCreated`."""
    runner = bytes(20) if provider is None else somebody(provider)
    values = {"job_id": job_id(number), "renter": somebody(renter), "provider": runner, "payment": payment}
    return _job_fact("job_created", number, block, log_index, values, somebody(renter), runner)


def confirmed(number: int, block: int, *, log_index: int = 0) -> Fact:
    """Return a `JobConfirmed`."""
    return _job_fact("job_confirmed", number, block, log_index, {"job_id": job_id(number), "confirmed_at": block})


def claimed(number: int, block: int, *, log_index: int = 0, provider: str = "provider", amount: int) -> Fact:
    """Return a `PaymentClaimed`."""
    values = {"job_id": job_id(number), "provider": somebody(provider), "amount": amount}
    return _job_fact("payment_claimed", number, block, log_index, values, somebody(provider))


def registered(name: str, block: int, *, log_index: int = 0, gpu_model: str = "RTX 4090", vram: int = 24564) -> Fact:
    """Return a `NodeRegistered`."""
    values = {"gpu_model": gpu_model.encode(), "gpu_model_text": gpu_model, "vram": vram}
    return _provider_fact("node_registered", name, block, log_index, values)


def beat(name: str, block: int, *, log_index: int = 0) -> Fact:
    """Return a `NodeHeartbeat`."""
    return _provider_fact("node_heartbeat", name, block, log_index, {"timestamp": block})


def credited(name: str, block: int, count: int, *, log_index: int = 0) -> Fact:
    """Return a `JobCountIncremented`."""
    return _provider_fact("job_count_incremented", name, block, log_index, {"new_count": count})


class Market:
    """A database that facts are committed to."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def commit(self, *facts: Fact, online_since: datetime = DAWN, silently: bool = False) -> None:
        """Add facts, bring state in line and tell the feed (unless `silently`), all at once."""
        async with await psycopg.AsyncConnection.connect(self._url) as connection:
            await ensure_partitions(connection, [fact.block for fact in facts])
            for fact in facts:
                await _insert(connection, fact)
            changes = await _refresh(connection, facts, online_since, by_reorg=False)
            await feed.append(connection, [] if silently else changes)

    async def undo(self, *facts: Fact, online_since: datetime = DAWN) -> None:
        """Take facts away again, as a reorganisation does."""
        async with await psycopg.AsyncConnection.connect(self._url) as connection:
            for fact in facts:
                where = {"block": fact.block, "log_index": fact.log_index}
                delete = "delete from {} where block_number = %(block)s and log_index = %(log_index)s"
                await connection.execute(sql.SQL(delete).format(sql.Identifier(fact.table)), where)
            await feed.append(connection, await _refresh(connection, facts, online_since, by_reorg=True))

    async def note(self, table: str, number: int, /, **columns: Any) -> None:
        """Add a fact from off chain about a job, and tell what it leads to."""
        row = {"job_id": job_id(number), **columns}
        async with await psycopg.AsyncConnection.connect(self._url) as connection:
            await connection.execute(_insertion(table, row), row)
            await state_store.lock(connection, JOBS, [job_id(number)])
            await feed.append(connection, await state_store.refresh(connection, JOBS, [job_id(number)], {}))

    async def sign(
        self, number: int, nonce: int, hash_: bytes, at: datetime, *, failure: str | None = None,
        freed_at: datetime | None = None, **columns: Any,
    ) -> None:  # fmt: skip
        """Sign a transaction for the credit of a job; `failure` is why its nonce was freed."""
        await self.execute("insert into signers (address, beat_at) values (%s, %s) on conflict do nothing", SIGNER, at)
        await self.execute(
            "insert into credit_adoptions (signer, nonces, final_block, reason, adopted_at) values (%s, %s, 0, '', %s) "
            "on conflict do nothing",
            SIGNER,
            nonce,
            at,
        )
        await self.execute(
            "insert into credit_nonces (signer, nonce, job_id, after_adoption, taken_at, freed_at, failure) "
            "values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
            *(SIGNER, nonce, job_id(number), nonce, at, freed_at, failure),
        )
        row = {"signer": SIGNER, "nonce": nonce, "transaction_hash": hash_, "signed_at": at}
        await self.note("credit_attempts", number, **{**TRANSACTION, **row, **columns})

    async def tell(self, *changes: feed.Change) -> None:
        """Append changes to the feed that no fact stands behind."""
        async with await psycopg.AsyncConnection.connect(self._url) as connection:
            await feed.append(connection, changes)

    async def checkpoint(self, chain: Chain, *, number: int, **columns: Any) -> None:
        """Set the checkpoint of a chain, fresh and complete unless told otherwise."""
        row = {
            "chain": chain.value,
            "number": number,
            "hash": block_hash(number),
            "block_time": moment(number),
            "state_through": number,
            "finalized": number,
            "final_through": min(number, columns.get("finalized", number)),
            "head": number,
            "paused_reason": None,
            "updated_at": datetime.now(UTC),
            "chain_id": {Chain.BSC: 56, Chain.OPBNB: 204}[chain],
            "genesis": bytes(32),
            "contract_address": somebody(f"contract on {chain}"),
            "start_block": 0,
            **columns,
        }
        async with await psycopg.AsyncConnection.connect(self._url) as connection:
            await connection.execute("delete from checkpoints where chain = %s", (chain.value,))
            await connection.execute(_insertion("checkpoints", row), row)

    async def execute(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run any statement; return its rows."""
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
            cursor = await connection.execute(statement.encode(), parameters)
            return await cursor.fetchall() if cursor.description else []


SIGNER = b"s" * 20
TRANSACTION = {
    "kind": "credit",
    "signed": b"raw",
    "gas": 60_000,
    "max_fee_per_gas": 2,
    "max_priority_fee_per_gas": 1,
}


def _job_fact(table: str, number: int, block: int, log_index: int, values: Mapping[str, Any], *names: bytes) -> Fact:
    return Fact(
        table=table, derivation=JOBS, key=job_id(number), block=block, log_index=log_index, values=values, names=names
    )


def _provider_fact(table: str, name: str, block: int, log_index: int, values: Mapping[str, Any]) -> Fact:
    key = somebody(name)
    return Fact(
        table=table,
        derivation=PROVIDERS,
        key=key,
        block=block,
        log_index=log_index,
        values={"provider": key, **values},
        names=(key,),
    )


async def _insert(connection: psycopg.AsyncConnection[Any], fact: Fact) -> None:
    row = fact.row()
    await connection.execute(_insertion(fact.table, row), row)
    for name in fact.names:
        await connection.execute(
            "insert into addresses (address, checksum) values (%s, %s) on conflict do nothing",
            (name, checksum_address(name)),
        )


async def _refresh(
    connection: psycopg.AsyncConnection[Any], facts: Iterable[Fact], online_since: datetime, *, by_reorg: bool
) -> list[feed.Change]:
    changes = []
    for derivation in (JOBS, PROVIDERS):
        keys = [fact.key for fact in facts if fact.derivation is derivation]
        await state_store.lock(connection, derivation, keys)
        changes += await state_store.refresh(
            connection, derivation, keys, {"online_since": online_since}, by_reorg=by_reorg
        )
    return changes


def _insertion(table: str, row: Mapping[str, Any]) -> sql.Composed:
    return sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join([sql.Identifier(name) for name in row]),
        sql.SQL(", ").join([sql.Placeholder(name) for name in row]),
    )
