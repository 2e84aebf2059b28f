"""
How many rows each table must hold after a ledger was indexed, and a checksum of all their values.

Computed twice, in Python from the ledger and in SQL from the tables: per row eight digits of an md5 over its values,
summed, so that neither order nor size matters.
"""

from collections import Counter
from hashlib import md5
from typing import Any

from psycopg import sql

from chain.abi import EVENTS_BY_NAME
from indexer.bulk_store import COLUMNS
from indexer.decode import TABLES, derived
from models.values import Chain
from runtime.database import Pool
from tests.synthetic import pages
from tests.synthetic.ledger import Ledger

Totals = dict[str, tuple[int, int]]


def expected(*ledgers: Ledger) -> Totals:
    """Return count and checksum of each fact table, from the ledgers."""
    counts, sums = Counter[str](), Counter[str]()
    for ledger in ledgers:
        for number in range(ledger.blocks + 1):
            for index, (name, arguments) in enumerate(ledger.events(number)):
                counts[TABLES[name]] += 1
                sums[TABLES[name]] += _digest(ledger.chain, number, index, (*arguments, *derived(name, arguments)))
    return {table: (counts[table], sums[table]) for table in _tables(*ledgers)}


async def found(pool: Pool, *ledgers: Ledger) -> Totals:
    """Return the same from the tables."""
    totals: Totals = {}
    async with pool.connection() as connection:
        for table in _tables(*ledgers):
            row = await (await connection.execute(_query(table))).fetchone()
            assert row is not None
            totals[table] = (row[0], int(row[1]))
    return totals


def escrows(ledger: Ledger) -> dict[str, int]:
    """Return how many jobs of a ledger stand where."""
    names = Counter(name for number in range(ledger.blocks + 1) for name, _ in ledger.events(number))
    created, confirmed, claimed = names["JobCreated"], names["JobConfirmed"], names["PaymentClaimed"]
    return {"HELD": created - confirmed, "CONFIRMED": confirmed - claimed, "CLAIMED": claimed}


def reputations(ledger: Ledger) -> dict[bytes, int]:
    """Return the newest count of each provider of a ledger."""
    newest: dict[bytes, int] = {}
    for number in range(ledger.blocks + 1):
        for name, arguments in ledger.events(number):
            if name in ("NodeRegistered", "NodeHeartbeat"):
                newest.setdefault(arguments[0], 0)
            elif name == "JobCountIncremented":
                newest[arguments[0]] = arguments[1]
    return newest


def _tables(*ledgers: Ledger) -> list[str]:
    contracts = {"JobManager" if ledger.chain is Chain.BSC else "NodeReputation" for ledger in ledgers}
    return [TABLES[name] for name, shape in EVENTS_BY_NAME.items() if shape.contract in contracts]


def _digest(chain: Chain, number: int, index: int, values: tuple[Any, ...]) -> int:
    hashes = pages.block_hash(chain, number)[2:], pages.transaction_hash(number, index)[2:]
    place = number, index, hashes[0], pages.BEGAN_AT + number, hashes[1]
    text = " ".join(value.hex() if isinstance(value, bytes) else str(value) for value in (*place, *values))
    return int(md5(text.encode(), usedforsecurity=False).hexdigest()[:8], 16)


def _query(table: str) -> sql.Composed:
    shown = {"bytea": "encode({}, 'hex')", "timestamptz": "extract(epoch from {})::bigint"}
    columns = [sql.SQL(shown.get(kind, "{}")).format(sql.Identifier(name)) for name, kind in COLUMNS[table]]
    return sql.SQL(
        "select count(*), coalesce(sum(('x' || left(md5(concat_ws(' ', {})), 8))::bit(32)::bigint), 0) from {}"
    ).format(sql.SQL(", ").join(columns), sql.Identifier(table))
