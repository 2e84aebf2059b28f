"""Spoil facts behind the indexer's back, as a mistake of ours once may have, and tell what a reindex found."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from models.values import Chain
from tests.simulation.blockchain import Blockchain
from tests.simulation.database import SimulatedConnection
from tests.simulation.oracle import OF_CHAIN

SPOILT_TRANSACTION = b"\xbd" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """How many facts lacked, were too many, or had other values."""

    missing: int
    surplus: int
    changed: int

    def __str__(self) -> str:
        return f"{self.missing} missing, {self.surplus} surplus, {self.changed} changed"


async def spoil_facts(connection: SimulatedConnection, chain: Blockchain, dice: Random) -> Findings:
    """Delete, invent and change some final facts of a chain; return how many."""
    missing = surplus = changed = 0
    for table in OF_CHAIN[chain.chain]:
        rows = await connection.execute(
            f"select block_number, log_index from {table} where block_number <= %s order by 1, 2".encode(),
            (await _final_through(connection, chain),),
        )
        for place in dice.sample(found := await rows.fetchall(), min(3, len(found))):
            match dice.choice(("missing", "surplus", "changed", "left")):
                case "missing":
                    await connection.execute(
                        f"delete from {table} where (block_number, log_index) = (%s, %s)".encode(), place
                    )
                    missing += 1
                case "surplus":
                    surplus += await _invent(connection, table, place)
                case "changed":
                    statement = f"update {table} set transaction_hash = %s where (block_number, log_index) = (%s, %s)"
                    await connection.execute(statement.encode(), (SPOILT_TRANSACTION, *place))
                    changed += 1
    return Findings(missing=missing, surplus=surplus, changed=changed)


async def last_findings(connection: SimulatedConnection) -> Findings | None:
    """Return what the newest request found; None where it failed."""
    rows = await connection.execute("select missing, surplus, changed from requests order by id desc limit 1")
    row = await rows.fetchone()
    return Findings(missing=row[0], surplus=row[1], changed=row[2]) if row and row[0] is not None else None


async def findings_so_far(connection: SimulatedConnection, *, spared: Iterable[Chain]) -> list[str]:
    """Return what those requests found that found anything, of chains that nobody spoilt."""
    rows = await connection.execute(
        """
        select concat_ws(' ', kind, chain, first_block, missing, surplus, changed) from requests
        where missing + surplus + changed > 0 and chain <> all(%s) order by id
        """,
        ([chain.value for chain in spared],),
    )
    return [row[0] for row in await rows.fetchall()]


async def _invent(connection: SimulatedConnection, table: str, place: tuple[int, int]) -> int:
    """Copy a fact to a place in its block where no log is; return how many that are, for one may be there."""
    await connection.execute(f"create temporary table invented as select * from {table} where false".encode())
    await connection.execute(
        f"insert into invented select * from {table} where (block_number, log_index) = (%s, %s)".encode(), place
    )
    await connection.execute("update invented set log_index = log_index + 1000")
    added = await connection.execute(f"insert into {table} select * from invented on conflict do nothing".encode())
    await connection.execute("drop table invented")
    return added.rowcount


async def _final_through(connection: SimulatedConnection, chain: Blockchain) -> int:
    rows = await connection.execute("select final_through from checkpoints where chain = %s", (chain.chain.value,))
    row = await rows.fetchone()
    return int(row[0]) if row else 0
