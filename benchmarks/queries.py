"""
Queries beside PostGraphile 5: the same database, the same selections, one process each, in interleaved rounds.

    python -m benchmarks.queries [--jobs 1000000 --seconds 3 --rounds 5 --connections 16 --database-url postgresql://…]

Fails where we answer fewer than twice its requests a second, or with a higher p99, or where the last page of all jobs
takes more than 1.3 times what the first takes.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psycopg
import uvloop

import migrations
from benchmarks.bazaar_store import Bazaar, fill
from benchmarks.load_client import Measured, Target, measure
from benchmarks.market import until
from benchmarks.queries_store import some_jobs
from benchmarks.selections import Pair, pairs
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.ports import free_port
from runtime.processes import Child, Program

TIMES_MIN, LAST_PAGE_MAX = 2.0, 1.3
POSTGRAPHILE = Path(__file__).parent / "postgraphile"
OWN_NODE = Path(__file__).parent.parent / ".tools" / "node" / "bin"
NODE_OLDEST = 24
JOBS_ASKED_FOR = 2000
WARM_SECONDS = 1.0

# Everything is switched on, and nobody is turned away.
API = {
    "ENVIRONMENT": "production",
    "SIGN_IN_DOMAINS": "benchmark.example",
    "SIGN_IN_URIS": "https://benchmark.example",
    "API_REQUESTS_PER_MINUTE": "100000000",
}


class Contest:
    """Ours and theirs, and what was measured of each question."""

    def __init__(self, ours: Target, theirs: Target, arguments: argparse.Namespace) -> None:
        self._targets = ours, theirs
        self._arguments = arguments
        self.results: dict[str, tuple[Measured, Measured]] = {}

    async def check(self, asked: Sequence[Pair]) -> None:
        """Ask each question once, and raise unless both answer it without errors; then let both get warm."""
        for pair in asked:
            for target, bodies in zip(self._targets, (pair.our_bodies(), pair.their_bodies()), strict=True):
                found = await measure(target, bodies[:1], connections=1, seconds=0)
                answer = json.loads(found.answer.partition(b"\r\n\r\n")[2])
                if "errors" in answer or None in answer["data"].values():
                    raise SystemExit(f"{pair.name}: {target} answered {answer}")
                await measure(target, bodies, connections=self._arguments.connections, seconds=WARM_SECONDS)

    async def round(self, asked: Sequence[Pair]) -> None:
        """Ask each question of both, one after the other."""
        for pair in asked:
            measured = self.results.setdefault(pair.name, (Measured(), Measured()))
            for target, bodies, total in zip(
                self._targets, (pair.our_bodies(), pair.their_bodies()), measured, strict=True
            ):
                total.add(
                    await measure(
                        target,
                        bodies,
                        connections=self._arguments.connections,
                        seconds=self._arguments.seconds,
                    )
                )

    def failures(self) -> list[str]:
        """Return what is not as it must be."""
        found = []
        for name, (ours, theirs) in self.results.items():
            if ours.per_second < TIMES_MIN * theirs.per_second:
                found.append(f"{name}: {ours.per_second / theirs.per_second:.1f} times PostGraphile, not {TIMES_MIN}")
            if ours.milliseconds(0.99) > theirs.milliseconds(0.99):
                found.append(f"{name}: a higher p99 than PostGraphile's")
        first, last = self.results["first 50 of all"][0], self.results["last 50 of all"][0]
        if first.per_second > LAST_PAGE_MAX * last.per_second:
            found.append(f"the last page costs {first.per_second / last.per_second:.2f} times the first")
        return found


def table(contest: Contest) -> str:
    """Return the results as a table."""
    lines = ["| query | ours: requests/s, p50, p99 | PostGraphile | times |", "|---|---|---|---|"]
    for name, both in contest.results.items():
        ours, theirs = (
            f"{each.per_second:,.0f}, {each.milliseconds(0.5):.1f} ms, {each.milliseconds(0.99):.1f} ms"
            for each in both
        )
        lines.append(f"| {name} | {ours} | {theirs} | {both[0].per_second / both[1].per_second:.1f} |")
    return "\n".join(lines)


@asynccontextmanager
async def database(arguments: argparse.Namespace, folder: Path) -> AsyncIterator[str]:
    """Yield the URL of a filled database: the one that is given, or a new one."""
    if arguments.database_url is not None:
        yield arguments.database_url
        return
    postgres = EmbeddedPostgres(folder / "postgres")
    await postgres.start()
    try:
        url = await postgres.create_database("bazaar")
        await asyncio.to_thread(migrations.upgrade, url)
        await fill(url, Bazaar(jobs=arguments.jobs, providers=max(10, arguments.jobs // 10)))
        yield url
    finally:
        await postgres.stop()


@asynccontextmanager
async def running(name: str, command: Sequence[str], folder: Path, **environment: str) -> AsyncIterator[Target]:
    """Run a server on a free port, once it answers."""
    port = free_port()
    ports = {"PORT": str(port), "API_PORT": str(port)}
    child = Child(
        Program(
            name=name,
            command=tuple(command),
            log=folder / f"{name}.log",
            environment={**environment, **ports},
        )
    )
    await child.start()
    try:
        await until(lambda: _answers(port))
        yield Target(port=port)
    finally:
        await child.stop()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def run(arguments: argparse.Namespace) -> int:
    """Measure, print, and return how to exit."""
    node = await _node()
    with tempfile.TemporaryDirectory(prefix="lamda-queries-") as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(database(arguments, folder))
            async with await psycopg.AsyncConnection.connect(url) as connection:
                asked = pairs(await some_jobs(connection, JOBS_ASKED_FOR))
            serve = (sys.executable, "-m", "lamda", "serve")
            ours = await stack.enter_async_context(running("ours", serve, folder, DATABASE_URL=url, **API))
            command = (node, str(POSTGRAPHILE / "server.mjs"))
            theirs = await stack.enter_async_context(
                running("postgraphile", command, folder, DATABASE_URL=url, NODE_ENV="production")
            )
            contest = Contest(ours, theirs, arguments)
            await contest.check(asked)
            for _ in range(arguments.rounds):
                await contest.round(asked)
    sys.stdout.write("\n".join([table(contest), *contest.failures(), ""]))
    return 1 if contest.failures() else 0


async def _node() -> str:
    """Return a Node that runs PostGraphile, with its packages installed. Exits where there is none."""
    found = shutil.which("node", path=f"{OWN_NODE}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise SystemExit("there is no node: `make bench` brings one")
    # Where it came in a wheel, what is found is a script in front of the one that is to be ended.
    asked = (found, "--print", "process.execPath + '\\n' + process.versions.node")
    process = await asyncio.create_subprocess_exec(*asked, stdout=asyncio.subprocess.PIPE)
    path, version = (await process.communicate())[0].decode().split("\n")[:2]
    if int(version.split(".")[0]) < NODE_OLDEST:
        raise SystemExit(f"node is {version}, {NODE_OLDEST} or newer expected: `make bench` brings one")
    if not (POSTGRAPHILE / "node_modules").is_dir():
        raise SystemExit("PostGraphile is not installed: `make bench` installs it")
    return path


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="Measure queries beside PostGraphile 5.")
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--database-url", help="a filled database, instead of a new one")
    sys.exit(uvloop.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
