"""
What must stand in the tables after a workload, and whether it does: every row, every value.

Facts are compared with the workload itself, in the order of the chain; all of facts and state with the rows of another
database that followed the same blocks.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from benchmarks.ingest.pages import block_hash, transaction_hash
from benchmarks.ingest.workload import Workload
from chain.abi import EVENTS_BY_CONTRACT
from indexer.bulk_store import COLUMNS
from indexer.decode import TABLES, derived
from indexer.heartbeat_store import ensure_partitions
from models.onchain import HEARTBEAT_PARTITION_BLOCKS
from models.values import Chain, checksum_address

CONTRACT = {Chain.BSC: "JobManager", Chain.OPBNB: "NodeReputation"}
ESCROWS: LiteralString = "select job_id, escrow from jobs order by job_id"
REPUTATIONS: LiteralString = "select wallet_address, reputation_score from providers order by wallet_address"


def differences(url: str, workloads: list[Workload]) -> list[str]:
    """Return what is not in the database as the workloads have it; nothing, when all is well."""
    with psycopg.connect(url) as connection:
        found = [
            f"{table}: {wrong}"
            for workload in workloads
            for event, table in _tables(workload.chain).items()
            if (wrong := _first_difference(_expected(workload, event), _facts(connection, table)))
        ]
        for workload in workloads:
            query = ESCROWS if workload.chain is Chain.BSC else REPUTATIONS
            if wrong := _first_difference(iter(_state(workload)), iter(connection.execute(query).fetchall())):
                found.append(f"state of {workload.chain}: {wrong}")
        return found


def differences_of_two(ours: str, theirs: str) -> list[str]:
    """Return the tables of two databases that differ in any row, state tables too."""
    tables = [table for chain in Chain for table in _tables(chain).values()]
    found = []
    with psycopg.connect(ours) as one, psycopg.connect(theirs) as other:
        for table in [*tables, "jobs", "providers"]:
            # A row's id says in which order rows came, not what they say.
            rows = [
                sorted(str({**row, "id": None}) for row in _dictionaries(connection, table))
                for connection in (one, other)
            ]
            if wrong := _first_difference(iter(rows[0]), iter(rows[1])):
                found.append(f"{table}: {wrong}")
    return found


async def make_partitions(url: str, blocks: int) -> None:
    """Make what heartbeats of so many blocks go into; ours makes it as it needs it."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await ensure_partitions(connection, range(0, blocks + 1, HEARTBEAT_PARTITION_BLOCKS))


def size(url: str) -> int:
    """Return how many bytes the database takes, indexes included."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(row[0])


def _tables(chain: Chain) -> dict[str, str]:
    shapes = next(shapes for name, shapes in EVENTS_BY_CONTRACT.items() if name == CONTRACT[chain])
    return {shape.name: TABLES[shape.name] for shape in shapes}


def _expected(workload: Workload, event: str) -> Iterator[tuple[Any, ...]]:
    for number in range(workload.empty + 1, workload.blocks + 1):
        for index, (name, arguments) in enumerate(workload.events(number)):
            if name == event:
                yield (
                    number,
                    index,
                    bytes.fromhex(block_hash(workload.chain, number)[2:]),
                    datetime.fromtimestamp(workload.time_ms(number) // 1000, UTC),
                    bytes.fromhex(transaction_hash(workload.chain, number, index)[2:]),
                    *arguments,
                    *derived(name, arguments),
                )


def _facts(connection: psycopg.Connection[Any], table: str) -> Iterator[tuple[Any, ...]]:
    columns = sql.SQL(", ").join(sql.Identifier(name) for name, _ in COLUMNS[table])
    query = sql.SQL("select {} from {} order by block_number, log_index").format(columns, sql.Identifier(table))
    with connection.cursor(name=f"all_{table}", withhold=True) as cursor:
        cursor.itersize = 10_000
        yield from cursor.execute(query)


def _state(workload: Workload) -> list[tuple[Any, ...]]:
    rows: dict[Any, Any] = {}
    for number in range(workload.empty + 1, workload.blocks + 1):
        for name, arguments in workload.events(number):
            match name:
                case "JobCreated" | "JobConfirmed" | "PaymentClaimed":
                    rows[arguments[0]] = {"JobCreated": "HELD", "JobConfirmed": "CONFIRMED"}.get(name, "CLAIMED")
                case "JobCountIncremented":
                    rows[checksum_address(arguments[0])] = arguments[1]
                case _:
                    rows.setdefault(checksum_address(arguments[0]), 0)
    return sorted(rows.items())


def _dictionaries(connection: psycopg.Connection[Any], table: str) -> Iterator[dict[str, Any]]:
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        yield from cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(table)))


def _first_difference(expected: Iterator[Any], found: Iterator[Any]) -> str | None:
    for row, (one, other) in enumerate(zip_longest(expected, found)):
        if one != other:
            return f"row {row} is {other}, not {one}"
    return None
