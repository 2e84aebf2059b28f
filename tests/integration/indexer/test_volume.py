"""A long history goes in whole, in a process that does not grow."""

import asyncio
import logging
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.ingest.workload import CONTRACTS
from indexer.values import Followed
from models.values import Chain, checksum_address
from runtime.database import Pool
from tests.integration.indexer import indexer_process
from tests.integration.indexer.conftest import OFFLINE_AFTER
from tests.synthetic import totals
from tests.synthetic.ledger import Ledger
from tests.synthetic.server import CHAIN_IDS, synthetic_server

logger = logging.getLogger(__name__)

MIB = 2**20
GROWTH_BYTES_MAX = 15 * MIB
LOGS_PER_BLOCK = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What an indexer that ran to its end needed."""

    seconds: float
    resident_bytes: list[int]

    @property
    def growth_bytes(self) -> int:
        """Return by how much the last third of the run was above all before: the first may go to starting up."""
        third = len(self.resident_bytes) // 3
        return max(self.resident_bytes[-third:]) - max(self.resident_bytes[:-third])

    @property
    def memory(self) -> str:
        """Return how much was resident in the course of the run."""
        return (
            " ".join(str(size // MIB) for size in self.resident_bytes[:: len(self.resident_bytes) // 20 + 1]) + " MiB"
        )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("logs", [100_000, pytest.param(1_000_000, marks=pytest.mark.long)])
async def test_many_logs_go_in_without_the_process_growing(pool: Pool, database_url: str, logs: int) -> None:
    """Both chains at once; every row is there, and its every value."""
    ledgers = [Ledger(chain=chain, blocks=logs // 2 // LOGS_PER_BLOCK, density=LOGS_PER_BLOCK) for chain in Chain]
    async with synthetic_server(*ledgers) as urls:
        run = await run_to_end(
            database_url, [(followed(each), urls[each.chain]) for each in ledgers], ledgers[0].blocks
        )
    wanted = await asyncio.to_thread(totals.expected, *ledgers)
    rows = sum(count for count, _ in wanted.values())
    logger.info("%d logs at %d a second; resident %s", rows, rows / run.seconds, run.memory)

    assert 0.95 * logs < rows
    assert wanted == await totals.found(pool, *ledgers)
    assert await escrows(pool) == totals.escrows(ledgers[0])
    assert await reputations(pool) == {
        checksum_address(key): value for key, value in totals.reputations(ledgers[1]).items()
    }
    assert run.growth_bytes <= GROWTH_BYTES_MAX


def followed(ledger: Ledger) -> Followed:
    """Return what the indexer has to know of a ledger."""
    contract = CONTRACTS[ledger.chain]
    return Followed(chain=ledger.chain, chain_id=CHAIN_IDS[ledger.chain], contract=contract, start_block=1)


async def run_to_end(database_url: str, sources: list[tuple[Followed, str]], to_block: int) -> Run:
    """Let an indexer run up to a block, and look at its memory all the while."""
    began, resident = time.monotonic(), []
    process = await indexer_process.start(database_url, sources, offline_after=OFFLINE_AFTER, to_block=to_block)
    end = asyncio.create_task(process.wait())
    while not end.done():
        resident.append(resident_bytes(process.pid))
        await asyncio.wait([end], timeout=0.05)
    assert await end == 0
    return Run(seconds=time.monotonic() - began, resident_bytes=[size for size in resident if size])


def resident_bytes(pid: int) -> int:
    """Return how much memory a process holds, and nothing for one that has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(1024 * int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


async def escrows(pool: Pool) -> dict[str, int]:
    async with pool.connection() as connection:
        rows = await connection.execute("select escrow, count(*) from jobs group by escrow")
        return {row[0]: row[1] async for row in rows}


async def reputations(pool: Pool) -> dict[str, int]:
    async with pool.connection() as connection:
        rows = await connection.execute("select wallet_address, reputation_score from providers")
        return {row[0]: row[1] async for row in rows}
