"""Fill a migrated database with a long history of heartbeats, and ask it how large it is and what it plans."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from eth_hash.auto import keccak

from indexer.heartbeat_store import ensure_partitions
from indexer.identity_store import MadeFor, Start, claim
from indexer.values import Cursor
from models.onchain import HEARTBEAT_PARTITION_BLOCKS
from models.state import PROVIDERS
from models.values import BlockId, Chain, checksum_address
from runtime.database import Connection, Pool

BLOCK_SECONDS = 0.25
BEGAN_AT = datetime(2026, 10, 24, 9, tzinfo=UTC)
BEGAN_BLOCK = 80_000_000
CONTRACT = bytes.fromhex("22" * 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """So many heartbeats of so many providers, spread evenly over so many days of opBNB."""

    heartbeats: int
    providers: int
    days: float

    @property
    def last(self) -> int:
        """Return the last block."""
        return BEGAN_BLOCK + int(self.days * 86_400 / BLOCK_SECONDS)


def block_time(number: int) -> datetime:
    """Return the time of a block."""
    return BEGAN_AT + timedelta(seconds=BLOCK_SECONDS * (number - BEGAN_BLOCK))


def block_hash(number: int) -> bytes:
    """Return the hash of a block."""
    return number.to_bytes(32, "big")


def provider(number: int) -> bytes:
    """Return the address of a provider."""
    return keccak(number.to_bytes(8, "big"))[:20]


async def fill(pool: Pool, history: History) -> Cursor:
    """Insert the facts, as a backfill leaves them: state waits. Return where the copy stands."""
    async with pool.connection() as connection:
        await _insert_providers(connection, history)
        if history.heartbeats:
            await _insert_heartbeats(connection, history)
        before = BlockId(number=history.last, hash=block_hash(history.last))
        made = MadeFor(chain_id=204, genesis=bytes(32), contract_address=CONTRACT, start_block=BEGAN_BLOCK)
        start = Start(before=before, parent_hash=block_hash(history.last - 1), time=block_time(history.last))
        await claim(connection, Chain.OPBNB, made, start)
    return Cursor(block=before, state_through=0, final_through=history.last)


async def settle(pool: Pool) -> None:
    """Do what autovacuum and the checkpointer would have done by and by."""
    async with pool.connection() as connection:
        await connection.set_autocommit(True)
        await connection.execute("vacuum analyze")
        await connection.execute("checkpoint")
        await connection.set_autocommit(False)


async def sizes(pool: Pool) -> dict[str, int]:
    """Return how many bytes the database, the heartbeats with their indexes, and their days take."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            """
            select pg_database_size(current_database()), pg_total_relation_size('provider_days'),
                (select sum(pg_total_relation_size(relid)) from pg_partition_tree('node_heartbeat'))
            """
        )
        (row,) = await rows.fetchall()
    return {"database": row[0], "provider_days": row[1], "node_heartbeat": int(row[2])}


async def sequential_scans(pool: Pool, providers: int, online_since: datetime) -> list[str]:
    """Return which large tables a refresh of so many providers, or the search for those that expire, reads whole."""
    keys = [provider(number) for number in range(providers)]
    parameters = {"keys": keys, "online_since": online_since}
    async with pool.connection() as connection:
        plans = [
            await (await connection.execute(f"explain (format json) {statement}", parameters)).fetchall()
            for statement in (PROVIDERS.refresh(), PROVIDERS.stale or "")
        ]
        scanned = [table for plan in plans for table in _scanned(plan[0][0][0]["Plan"])]
        large = await connection.execute(
            "select relname from pg_class where relname = any(%s) and reltuples > 1000", (scanned,)
        )
        return [row[0] async for row in large]


def _scanned(plan: dict[str, Any]) -> list[str]:
    own = [plan["Relation Name"]] if plan["Node Type"] == "Seq Scan" else []
    return own + [table for part in plan.get("Plans", []) for table in _scanned(part)]


async def _insert_providers(connection: Connection, history: History) -> None:
    addresses = [provider(number) for number in range(history.providers)]
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "insert into addresses (address, checksum) values (%s, %s)",
            [(address, checksum_address(address)) for address in addresses],
        )
    await connection.execute(
        """
        insert into node_registered (
            block_number, log_index, block_hash, block_time, transaction_hash, provider, gpu_model, vram, gpu_model_text
        )
        select %(block)s, ordinality, sha256('block'), %(at)s, sha256(address), address, 'RTX 4090', 24564, 'RTX 4090'
        from unnest(%(addresses)s::bytea[]) with ordinality as known (address, ordinality)
        """,
        {"block": BEGAN_BLOCK, "at": BEGAN_AT, "addresses": addresses},
    )


async def _insert_heartbeats(connection: Connection, history: History) -> None:
    await ensure_partitions(connection, range(BEGAN_BLOCK, history.last + 1, HEARTBEAT_PARTITION_BLOCKS // 2))
    await connection.execute(
        """
        insert into node_heartbeat (
            block_number, log_index, block_hash, block_time, transaction_hash, provider, timestamp
        )
        select block, beat %% 1000, sha256(int8send(block)), at, sha256(int8send(beat)), address, extract(epoch from at)
        from (
            -- Everybody beats once a round, and each round in another order.
            select beat, %(began)s + 1 + beat * %(blocks)s / %(beats)s as block,
                (beat * 7919 + beat / %(providers)s * 31) %% %(providers)s as who
            from generate_series(0, %(beats)s::bigint - 1) as beat
        ) beats
        cross join lateral (select %(began_at)s + (block - %(began)s) * interval '0.25 s' as at) dated
        join unnest(%(addresses)s::bytea[]) with ordinality as known (address, number) on number = who + 1
        """,
        {
            "began": BEGAN_BLOCK,
            "began_at": BEGAN_AT,
            "blocks": history.last - BEGAN_BLOCK,
            "beats": history.heartbeats,
            "providers": history.providers,
            "addresses": [provider(number) for number in range(history.providers)],
        },
    )
