"""
How soon do subscribers hear of a commit, and what does one cost that hears nothing?

    a handful      one change at a time to a few subscribers
    many, shared   each change to one group of subscribers, in all as many messages a second as there are subscribers
    many, at once  each change to every subscriber, one a second
    idle           memory of the server for each connection with a subscription

The server is `lamda serve` in a process of its own, with its default settings but for how many connections one address
may have, and how soon; all clients are in this process. Beside it a bare server that sends every change to everybody.
From just before a commit is sent to Postgres to the message in the client.

    python -m benchmarks.subscriptions --subscribers 5000 --idle 10000 --seconds 20
"""

import argparse
import asyncio
import gc
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

import psycopg
from rich.console import Console

import migrations
from benchmarks import live_clients, live_store
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.ports import free_port, is_free
from runtime.processes import Child, Program

QUERY = """subscription ($filter: JobFilter) { jobChanges(filter: $filter) {
    kind matches cursor job { jobId status escrow payment renter createdAt } } }"""
GROUPS = 100
HANDFUL = 5
JOBS = 20_000
SETTLE_SECONDS = 2.0
LATE_SECONDS = 10.0

say = Console(highlight=False, soft_wrap=True).print


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One that runs: its process and its port."""

    name: str
    child: Child
    port: int

    def resident_mib(self) -> float:
        """Return how much memory it has now."""
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def processor_seconds(self) -> float:
        """Return how much processor time it has taken so far."""
        user, system = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Delays:
    """How long each message took, from before the commit of its job's change, and what that cost the server."""

    def __init__(self) -> None:
        self.committed_at: dict[int, float] = {}
        self.seconds: list[float] = []
        self.server_seconds = 0.0

    def heard(self, number: int) -> None:
        """Take in a message."""
        self.seconds.append(time.perf_counter() - self.committed_at[number])

    def figures(self) -> str:
        """Return p50, p99 and the processor time of a message."""
        cuts, count = quantiles(self.seconds, n=100), len(self.seconds)
        cost = f"{self.server_seconds / count * 1e6:,.0f} µs of the server's processor time each"
        return f"{count:,} messages, p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms, {cost}"


async def main(options: argparse.Namespace) -> None:
    """Measure the API and the yardstick in turns."""
    gc.disable()  # A pause of the clients is none of the server's.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as folder:
        postgres = EmbeddedPostgres(Path(folder) / "postgres")
        await postgres.start()
        try:
            url = await postgres.create_database("live")
            await asyncio.to_thread(migrations.upgrade, url)
            async with await psycopg.AsyncConnection.connect(url) as connection:
                await live_store.fill(connection, JOBS, GROUPS)
                await connection.commit()
                for command in (_ours, _bare):
                    async with command(Path(folder), url) as server:
                        await _measure(server, connection, options)
        finally:
            await postgres.stop()


async def _measure(server: Server, connection: psycopg.AsyncConnection[Any], options: argparse.Namespace) -> None:
    everything: list[tuple[str, dict[str, Any]]] = [(QUERY, {})]
    one_group = [(QUERY, {"filter": {"renter": live_store.renter(n % GROUPS)}}) for n in range(options.subscribers)]
    delays = await _told(server, connection, everything * HANDFUL, changes=options.seconds * 20, rate=20)
    say(f"{server.name}: a handful: {delays.figures()}")
    if server.name == "ours":  # The yardstick knows no filters.
        changes = options.seconds * GROUPS
        delays = await _told(server, connection, one_group, changes=changes, rate=GROUPS)
        say(f"{server.name}: {options.subscribers:,} subscribers, {GROUPS} changes a second: {delays.figures()}")
    delays = await _told(server, connection, everything * options.subscribers, changes=options.seconds, rate=1)
    say(f"{server.name}: {options.subscribers:,} subscribers, each change to all: {delays.figures()}")
    before = server.resident_mib()
    clients = await live_clients.connect(server.port, everything * options.idle, lambda _: None)
    after = server.resident_mib()
    each = (after - before) * 1024 / options.idle
    say(f"{server.name}: {options.idle:,} idle: {after:,.0f} MiB in all, {each:.1f} KiB more for each")
    await _leave(clients)


async def _told(
    server: Server,
    connection: psycopg.AsyncConnection[Any],
    asked: Sequence[tuple[str, dict[str, Any]]],
    *,
    changes: int,
    rate: float,
) -> Delays:
    """Commit changes at a rate while clients listen; return the delays once everybody heard what it was to hear."""
    delays = Delays()
    clients = await live_clients.connect(server.port, asked, delays.heard)
    await asyncio.sleep(SETTLE_SECONDS)
    grouped = any(variables for _, variables in asked)
    expected = changes * (len(asked) // GROUPS if grouped else len(asked))
    began, server_began = time.perf_counter(), server.processor_seconds()
    for count in range(changes):
        await asyncio.sleep(max(0.0, began + count / rate - time.perf_counter()))
        number = count % JOBS + 1
        delays.committed_at[number] = time.perf_counter()
        await live_store.change(connection, [number], GROUPS)
    async with asyncio.timeout(LATE_SECONDS):
        while len(delays.seconds) < expected:
            await asyncio.sleep(0.05)
    delays.server_seconds = server.processor_seconds() - server_began
    await _leave(clients)
    return delays


async def _leave(clients: Sequence[live_clients.LiveClient]) -> None:
    for client in clients:
        assert client.transport is not None
        client.transport.abort()
    await asyncio.sleep(SETTLE_SECONDS)


@asynccontextmanager
async def _ours(folder: Path, url: str) -> AsyncIterator[Server]:
    port = free_port()
    environment = {
        "DATABASE_URL": url,
        "API_PORT": str(port),
        "API_LIVE_CONNECTIONS_PER_ADDRESS_MAX": "20000",
        "API_CONNECTIONS_PER_MINUTE": "0",
        "API_REQUESTS_PER_MINUTE": "0",
    }
    command = (sys.executable, "-m", "lamda", "serve")
    async with _running("ours", command, folder, port, environment) as server:
        yield server


@asynccontextmanager
async def _bare(folder: Path, url: str) -> AsyncIterator[Server]:
    port = free_port()
    command = (sys.executable, "-m", "benchmarks.bare_sockets", url, str(port))
    async with _running("bare", command, folder, port, {}) as server:
        yield server


@asynccontextmanager
async def _running(
    name: str, command: tuple[str, ...], folder: Path, port: int, environment: dict[str, str]
) -> AsyncIterator[Server]:
    child = Child(Program(name=name, command=command, log=folder / f"{name}.log", environment=environment))
    await child.start()
    try:
        async with asyncio.timeout(60):
            while is_free(port):
                await asyncio.sleep(0.1)
        yield Server(name=name, child=child, port=port)
    finally:
        await child.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=5_000)
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=20)
    asyncio.run(main(parser.parse_args()))
