"""
How fast do the two chains come in, and how soon is a new block's row there?

    backfill   `lamda index` from the start of its process to finished state, both chains at once, on an empty database;
               beside it a hand-written loop of web3.py and SQLModel over fewer logs, with both databases compared
    head       both chains make blocks; from each to its row, as a listener on the feed sees it

    python -m benchmarks.ingest --logs 1000000
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.ingest import head, rows_store, usage
from benchmarks.ingest.chain_values import Made, Order
from benchmarks.ingest.runs import Machine, Run, run_ours, run_yardstick
from benchmarks.ingest.served import served
from benchmarks.ingest.workload import LOGS_PER_BLOCK, Workload
from models.values import Chain
from runtime.embedded_postgres import EmbeddedPostgres

console = Console(highlight=False, soft_wrap=True, width=200)


@asynccontextmanager
async def machine(orders: Mapping[Chain, Order], latency_ms: float) -> AsyncIterator[Machine]:
    """Run Postgres and the server, with nothing in either."""
    with tempfile.TemporaryDirectory(prefix="lamda-benchmark-") as folder:
        postgres = EmbeddedPostgres(Path(folder) / "postgres")
        await postgres.start()
        try:
            async with served(orders, latency_ms=latency_ms) as server:
                yield Machine(postgres=postgres, server=server, folder=Path(folder))
        finally:
            await postgres.stop()


async def backfill(given: argparse.Namespace) -> int:
    """Print the table, and return 1 where a row is not as it must be."""
    runs, wrong = [], []
    for logs, with_yardstick in ((given.yardstick_logs, True), (given.logs, False)):
        if not logs:
            continue
        blocks = given.empty_blocks + logs // 2 // LOGS_PER_BLOCK
        order = Order(made=Made(blocks=blocks, empty=given.empty_blocks), tells_time=given.block_timestamps)
        workloads = [Workload(chain=chain, blocks=blocks, empty=given.empty_blocks) for chain in Chain]
        async with machine(dict.fromkeys(Chain, order), given.latency_ms) as here:
            url = await here.database("ours")
            runs.append(await run_ours(here, url, workloads, HISTORY_PROOF=given.proof))
            wrong += await asyncio.to_thread(rows_store.differences, url, workloads)
            if with_yardstick:
                other = await here.database("yardstick")
                runs.insert(0, await run_yardstick(here, other, workloads))
                wrong += await asyncio.to_thread(rows_store.differences_of_two, url, other)
            else:
                drained = sum([await here.server.drain(chain, blocks) for chain in Chain])
                console.print(f"the server alone, read by somebody who does nothing: {logs / drained:,.0f} logs/s")
    show(runs, given.proof)
    for each in wrong:
        console.print(f"[red]wrong[/]: {each}")
    return 1 if wrong else 0


async def follow_head(given: argparse.Namespace) -> int:
    """Print how soon rows are there, and return 1 where one is wrong."""
    async with machine(head.orders(given), given.latency_ms) as here:
        return await head.measure(here, given, console)


def show(runs: Sequence[Run], proof: str) -> None:
    """Print what each run took; ratios are to the first."""
    table = Table(title=f"history at proof level {proof}, both chains at once")
    for column in ("", "logs", "logs/s", "times", "s", "CPU s: indexer", "Postgres", "server", "peak RSS",
                   "requests", "calls", "MB read", "database"):  # fmt: skip
        table.add_column(column, justify="right" if column else "left")
    for run in runs:
        counts = run.counts.values()
        table.add_row(
            run.name,
            f"{run.logs:,}",
            f"{run.logs_per_second:,.0f}",
            f"{run.logs_per_second / runs[0].logs_per_second:.1f}",
            f"{run.seconds:.2f}",
            f"{run.indexer_seconds:.2f}",
            f"{run.postgres_seconds:.2f}",
            f"{run.server_seconds:.2f}",
            f"{max(run.resident_bytes) / usage.MIB:,.0f} MiB",
            f"{sum(each.requests for each in counts):,}",
            f"{sum(sum(each.calls.values()) for each in counts):,}",
            f"{sum(each.bytes_answered for each in counts) / 1e6:,.1f}",
            f"{run.database_bytes / 1e6:,.0f} MB",
        )
    console.print(table)


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; fail where a row is wrong."""
    parser = argparse.ArgumentParser(description="Measure backfill and head of the indexer.")
    parser.add_argument("--logs", type=int, default=100_000)
    parser.add_argument("--yardstick-logs", type=int, default=5_000)
    parser.add_argument("--empty-blocks", type=int, default=0, help="so many blocks without logs come first")
    parser.add_argument("--latency-ms", type=float, default=0, help="added to each answer")
    parser.add_argument("--proof", default="hash", choices=["pinned", "hash", "bloom"])
    parser.add_argument("--block-timestamps", action="store_true", help="logs tell the time of their block")
    parser.add_argument("--head-seconds", type=float, default=0, help="follow the head for so long instead")
    parser.add_argument("--head-empty", action="store_true", help="blocks at the head have no logs")
    parser.add_argument("--block-seconds", type=float, nargs=2, default=(0.45, 0.25), help="of BSC and of opBNB")
    given = parser.parse_args(arguments)
    return asyncio.run(follow_head(given) if given.head_seconds else backfill(given))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
