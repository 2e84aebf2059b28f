"""Run an indexer over a workload, from the start of its process to its end, and measure what that took."""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import migrations
from benchmarks.ingest import rows_store, usage
from benchmarks.ingest.chain_values import Counts
from benchmarks.ingest.served import Served
from benchmarks.ingest.workload import CHAIN_IDS, CONTRACTS, Workload
from models.values import Chain, checksum_address
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.processes import Child, Program

NAMES = {Chain.BSC: "JOB_MANAGER_CONTRACT_ADDRESS", Chain.OPBNB: "NODE_REPUTATION_CONTRACT_ADDRESS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where everything of a benchmark runs."""

    postgres: EmbeddedPostgres
    server: Served
    folder: Path

    async def database(self, name: str) -> str:
        """Return a new database with our schema and nothing in it."""
        await self.postgres.drop_database(name)
        url = await self.postgres.create_database(name)
        await asyncio.to_thread(migrations.upgrade, url)
        return url

    def settings(self, url: str, **others: str) -> dict[str, str]:
        """Return what `lamda` has to be told."""
        settings = {"DATABASE_URL": url, "ENVIRONMENT": "production", **others}
        for chain in Chain:
            name = chain.upper()
            settings |= {
                f"{name}_RPC_URL": self.server.url(chain),
                f"{name}_CHAIN_ID": str(CHAIN_IDS[chain]),
                f"{name}_START_BLOCK": "1",
                NAMES[chain]: checksum_address(CONTRACTS[chain]),
            }
        return settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What an indexer needed, and what for; `counts` is what it asked of each chain."""

    name: str
    logs: int
    seconds: float
    indexer_seconds: float
    postgres_seconds: float
    server_seconds: float
    resident_bytes: list[int]
    counts: Mapping[Chain, Counts]
    database_bytes: int

    @property
    def logs_per_second(self) -> float:
        """Return how many logs came in a second, start-up and state included."""
        return self.logs / self.seconds


async def run_ours(machine: Machine, url: str, workloads: list[Workload], **settings: str) -> Run:
    """Index everything with `lamda index`."""
    command = (sys.executable, "-m", "lamda", "index", "--to-block", str(workloads[0].blocks))
    return await _measured("ours", machine, url, workloads, command, machine.settings(url, **settings))


async def run_yardstick(machine: Machine, url: str, workloads: list[Workload]) -> Run:
    """Index everything with the hand-written loop."""
    await rows_store.make_partitions(url, workloads[0].blocks)
    last = max(each.time_ms(each.blocks) for each in workloads if each.chain is Chain.OPBNB)
    order = {
        "database_url": url,
        "to_block": workloads[0].blocks,
        "urls": {chain: machine.server.url(chain) for chain in Chain},
        "online_until": datetime.fromtimestamp(last // 1000, UTC).isoformat(),
    }
    command = (sys.executable, "-m", "benchmarks.ingest.yardstick", json.dumps(order))
    return await _measured("web3.py and SQLModel", machine, url, workloads, command, {})


async def _measured(
    name: str,
    machine: Machine,
    url: str,
    workloads: list[Workload],
    command: tuple[str, ...],
    environment: dict[str, str],
) -> Run:
    pid = machine.postgres.pid
    assert pid is not None, "Postgres runs"
    await machine.server.counts()
    child = Child(
        Program(
            name="indexer",
            command=command,
            log=machine.folder / "indexer.log",
            environment={**environment, "PYTHONDONTWRITEBYTECODE": ""},
        )
    )
    postgres, server = usage.seconds_of(pid), usage.seconds_of(machine.server.pid)
    own, began = usage.seconds_of_ended_children(), time.monotonic()
    await child.start()
    assert child.pid is not None, "it was started"
    resident = asyncio.create_task(usage.resident_bytes_over_time(child.pid))
    code = await child.wait()
    seconds = time.monotonic() - began
    if code:
        raise SystemExit(child.describe_end())
    return Run(
        name=name,
        logs=sum(5 * (each.blocks - each.empty) for each in workloads),
        seconds=seconds,
        indexer_seconds=usage.seconds_of_ended_children() - own,
        postgres_seconds=usage.seconds_of(pid) - postgres,
        server_seconds=usage.seconds_of(machine.server.pid) - server,
        resident_bytes=await resident,
        counts=await machine.server.counts(),
        database_bytes=await asyncio.to_thread(rows_store.size, url),
    )
