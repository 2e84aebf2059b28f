"""
What the tables must hold when all is over, from the canonical chain alone.

Facts are compared with what the chain was made of, without any code of the indexer's. State is compared with a rebuild
of every key from those facts, in a transaction that is taken back.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg import sql

from models.state import JOBS, PROVIDERS, Derivation
from models.values import Chain, checksum_address
from runtime import state_store
from tests.simulation.blockchain import Block, Blockchain
from tests.simulation.database import Database, SimulatedConnection

Rows = list[tuple[Any, ...]]

TABLES: Final = {
    "JobCreated": "job_created",
    "JobConfirmed": "job_confirmed",
    "PaymentClaimed": "payment_claimed",
    "NodeRegistered": "node_registered",
    "NodeHeartbeat": "node_heartbeat",
    "JobCountIncremented": "job_count_incremented",
    "OwnershipTransferred": "ownership_transferred",
}
OF_CHAIN: Final = {Chain.BSC: tuple(TABLES.values())[:3], Chain.OPBNB: tuple(TABLES.values())[3:]}
DIFFERENCES_SHOWN: Final = 6


class Differs(AssertionError):
    """The tables are not what they should be."""


def expected_facts(chain: Blockchain) -> dict[str, Rows]:
    """Return the rows of each fact table of a chain."""
    rows: dict[str, Rows] = {table: [] for table in OF_CHAIN[chain.chain]}
    # The first block we have is the one before the start block.
    for block in chain.canonical[1:]:
        for index, log in enumerate(block.logs):
            if log.event:
                where = (block.number, index, block.hash, _time(block), block.transaction(index))
                rows[TABLES[log.event]].append((*where, *log.arguments, *_derived(log.event, log.arguments)))
    return rows


async def check(database: Database, chain: Blockchain, *, offline_after: timedelta) -> None:
    """Raise `Differs` unless facts, addresses, state and checkpoint are those of the canonical chain."""
    derivation = JOBS if chain.chain is Chain.BSC else PROVIDERS
    expected = expected_facts(chain)
    async with database.connection() as connection:
        for table, rows in expected.items():
            _compare(table, rows, await _rows(connection, table, "block_number, log_index"))
        await _check_addresses(connection, expected)
        await _check_checkpoint(connection, chain)
        await _check_proofs(connection, chain)
        await _check_state(connection, derivation, _time(chain.head) - offline_after)


async def _check_state(connection: SimulatedConnection, derivation: Derivation, online_since: datetime) -> None:
    ours = await _rows(connection, derivation.table, derivation.key, without_id=True)
    async with connection.transaction(force_rollback=True):
        await connection.execute(sql.SQL("delete from {}").format(sql.Identifier(derivation.table)))
        parameters = {"online_since": online_since, "since": 0}
        await state_store.refresh_in_bulk(connection, derivation, derivation.every_key(), parameters)
        fresh = await _rows(connection, derivation.table, derivation.key, without_id=True)
    _compare(derivation.table, fresh, ours)


async def _check_addresses(connection: SimulatedConnection, expected: dict[str, Rows]) -> None:
    named = {each for rows in expected.values() for row in rows for each in row[5:] if _is_address(each)}
    known: dict[bytes, str] = dict(await _rows(connection, "addresses", "address"))
    wrong = {each.hex(): known.get(each) for each in named if known.get(each) != checksum_address(each)}
    if wrong:
        raise Differs(f"addresses: {wrong}")


async def _check_checkpoint(connection: SimulatedConnection, chain: Blockchain) -> None:
    cursor = await connection.execute(
        "select number, hash, state_through, paused_reason from checkpoints where chain = %s", (chain.chain.value,)
    )
    row = await cursor.fetchone()
    if row != (wanted := (chain.head.number, chain.head.hash, chain.head.number, None)):
        raise Differs(f"checkpoint: expected {wanted}, found {row}")


async def _check_proofs(connection: SimulatedConnection, chain: Blockchain) -> None:
    cursor = await connection.execute(
        """
        select range_agg(blocks) = int8multirange(int8range(%(first)s, %(last)s, '[]')),
            sum((select sum(upper(part) - lower(part)) from unnest(blocks) as part)) = %(count)s
        from proofs where chain = %(chain)s
        """,
        {
            "chain": chain.chain.value,
            "first": chain.canonical[1].number,
            "last": chain.head.number,
            "count": len(chain.canonical) - 1,
        },
    )
    if (row := await cursor.fetchone()) != (True, True):
        raise Differs(f"proofs: they cover all blocks, and each once: {row}")


async def _rows(connection: SimulatedConnection, table: str, order: str, *, without_id: bool = False) -> Rows:
    columns = f"to_jsonb({table}) - 'id'" if without_id else "*"
    # Names of ours, not of strangers.
    return await (await connection.execute(f"select {columns} from {table} order by {order}".encode())).fetchall()


def _compare(table: str, expected: Rows, found: Rows) -> None:
    if expected == found:
        return
    missing, surplus = _without(expected, found), _without(found, expected)
    raise Differs(
        f"{table}: {len(expected)} rows expected, {len(found)} found\n"
        + "".join(f"  missing {row}\n" for row in missing[:DIFFERENCES_SHOWN])
        + "".join(f"  surplus {row}\n" for row in surplus[:DIFFERENCES_SHOWN])
    )


def _without(rows: Rows, others: Rows) -> Rows:
    return [row for row in rows if row not in others]


def _time(block: Block) -> datetime:
    return datetime.fromtimestamp(block.time_ms // 1000, UTC) + timedelta(milliseconds=block.time_ms % 1000)


def _derived(event: str, arguments: Iterable[Any]) -> tuple[Any, ...]:
    if event != "NodeRegistered":
        return ()
    _, raw, _ = arguments
    shown = raw.decode("utf-8", errors="replace")[:120]
    return ("".join(letter if letter.isprintable() else "\ufffd" for letter in shown),)


def _is_address(value: Any) -> bool:
    return isinstance(value, bytes) and len(value) == 20
