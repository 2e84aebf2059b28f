"""
How fast do the two chains come in, and how soon is a new block's row there?

    backfill   `lamda index` from the start of its process to finished state, both chains at once, on an empty database;
               beside it a hand-written loop of web3.py and SQLModel over fewer logs, with both databases compared
    head       both chains make blocks; from each to its row, as a listener on the feed sees it

    python -m benchmarks.ingest --logs 1000000 --head-seconds 60
    python -m benchmarks.ingest --logs 0 --yardstick-logs 0 --head-seconds 60
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
    small, wrong = await follow_few(given) if given.yardstick_logs else ([], [])
    runs, more = await follow_many(given) if given.logs else ([], [])
    show([*small, *runs], given.proof)
    if small and runs:
        show_without_start(small[-1], runs[-1])
    for each in wrong + more:
        console.print(f"[red]wrong[/]: {each}")
    return 1 if wrong + more else 0


async def follow_few(given: argparse.Namespace) -> tuple[list[Run], list[str]]:
    """Let the yardstick and ours follow a few logs; return both runs, and where their tables differ."""
    workloads = chains(given, given.yardstick_logs)
    async with machine(ordered(given, workloads), given.latency_ms) as here:
        ours, theirs = await here.database("ours"), await here.database("yardstick")
        yardstick = await run_yardstick(here, theirs, workloads)
        runs = [yardstick, await run_ours(here, ours, workloads, HISTORY_PROOF=given.proof)]
        wrong = await asyncio.to_thread(rows_store.differences, ours, workloads)
        return runs, wrong + await asyncio.to_thread(rows_store.differences_of_two, ours, theirs)


async def follow_many(given: argparse.Namespace) -> tuple[list[Run], list[str]]:
    """Let ours follow many logs; return the run, and where its tables are not as the workload has them."""
    workloads = chains(given, given.logs)
    async with machine(ordered(given, workloads), given.latency_ms) as here:
        url = await here.database("ours")
        run = await run_ours(here, url, workloads, HISTORY_PROOF=given.proof)
        drained = sum([await here.server.drain(each.chain, each.blocks) for each in workloads])
        console.print(f"the server alone, read by somebody who does nothing: {given.logs / drained:,.0f} logs/s")
        return [run], await asyncio.to_thread(rows_store.differences, url, workloads)


async def follow_head(given: argparse.Namespace) -> int:
    """Print how soon rows are there, and return 1 where one is wrong."""
    async with machine(head.orders(given), given.latency_ms) as here:
        return await head.measure(here, given, console)


def chains(given: argparse.Namespace, logs: int) -> list[Workload]:
    """Return two chains with so many logs together."""
    blocks = given.empty_blocks + logs // 2 // LOGS_PER_BLOCK
    return [Workload(chain=chain, blocks=blocks, empty=given.empty_blocks) for chain in Chain]


def ordered(given: argparse.Namespace, workloads: Sequence[Workload]) -> dict[Chain, Order]:
    """Return what the server is to make of them."""
    return {
        each.chain: Order(made=Made(blocks=each.blocks, empty=each.empty), tells_time=given.block_timestamps)
        for each in workloads
    }


def show(runs: Sequence[Run], proof: str) -> None:
    """Print what each run took; ratios are to the first."""
    table = Table(title=f"history at proof level {proof}, both chains at once, from the start of the process")
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


def show_without_start(small: Run, large: Run) -> None:
    """Print what a log takes once everything runs: what the larger run needed more than the smaller."""
    logs = large.logs - small.logs
    parts = {
        name: 1e6 * (getattr(large, name) - getattr(small, name)) / logs
        for name in ("indexer_seconds", "postgres_seconds", "server_seconds")
    }
    console.print(
        f"start-up taken off: {logs / (large.seconds - small.seconds):,.0f} logs/s; processor time of a log: "
        f"indexer {parts['indexer_seconds']:.1f} µs, Postgres {parts['postgres_seconds']:.1f} µs, "
        f"server {parts['server_seconds']:.1f} µs"
    )


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; fail where a row is wrong."""
    parser = argparse.ArgumentParser(description="Measure backfill and head of the indexer.")
    parser.add_argument("--logs", type=int, default=100_000)
    parser.add_argument("--yardstick-logs", type=int, default=5_000)
    parser.add_argument("--empty-blocks", type=int, default=0, help="so many blocks without logs come first")
    parser.add_argument("--latency-ms", type=float, default=0, help="added to each answer")
    parser.add_argument("--proof", default="hash", choices=["pinned", "hash", "bloom"])
    parser.add_argument("--block-timestamps", action="store_true", help="logs tell the time of their block")
    parser.add_argument("--head-seconds", type=float, default=0, help="then follow the head for so long")
    parser.add_argument("--head-empty", action="store_true", help="blocks at the head have no logs")
    parser.add_argument("--block-seconds", type=float, nargs=2, default=(0.45, 0.25), help="of BSC and of opBNB")
    given = parser.parse_args(arguments)
    wrong = asyncio.run(backfill(given)) if given.logs or given.yardstick_logs else 0
    return wrong | (asyncio.run(follow_head(given)) if given.head_seconds else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
