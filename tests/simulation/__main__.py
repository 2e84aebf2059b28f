"""
Run worlds by hand.

    python -m tests.simulation --seed 7            one, with every act
    python -m tests.simulation --seeds 0..999      many, with a line of progress and a count
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import migrations
from runtime.embedded_postgres import EmbeddedPostgres
from tests.conftest import IN_A_HURRY
from tests.simulation import simulation
from tests.simulation.database import Database
from tests.simulation.effects import simulation as effects
from tests.simulation.simulation import Report


def main() -> int:
    """Run what the arguments say; return how many worlds failed, or 1."""
    arguments = _arguments()
    with _database(arguments.database) as url:
        database = Database(url)
        if arguments.seed is not None:
            return _one(arguments.seed, database, arguments)
        return _many(arguments.seeds, database, arguments)


def _one(seed: int, database: Database, arguments: argparse.Namespace) -> int:
    say = None if arguments.quiet else _print
    began = time.monotonic()
    report = _world(arguments)(seed, database, say=say)
    _print(f"{report.trace}")
    if not arguments.quiet:
        _print(f"{time.monotonic() - began:.2f} s, {report}")
    return 0


def _many(seeds: range, database: Database, arguments: argparse.Namespace) -> int:
    failed: dict[int, str] = {}
    acts: Counter[str] = Counter()
    began = time.monotonic()
    for done, seed in enumerate(seeds, start=1):
        try:
            acts.update(_world(arguments)(seed, database).acts)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            failed[seed] = f"{type(error).__name__}: {error}".strip()
            _print(f"\nseed {seed}: {failed[seed][:600]}")
        pace = (time.monotonic() - began) / done
        sys.stderr.write(f"\r{done}/{len(seeds)} run, {len(failed)} failed, {pace:.2f} s each ")
    _print(f"\n{len(seeds)} run, {len(failed)} failed: {sorted(failed)}; acts: {dict(sorted(acts.items()))}")
    return 1 if failed else 0


def _world(arguments: argparse.Namespace) -> Callable[..., Report]:
    """Return what runs a world of the kind that is asked for."""
    if arguments.effects:
        return effects.run
    return partial(simulation.run, beyond_finality=arguments.beyond_finality)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seed", type=int, help="run one world and say what happens")
    which.add_argument("--seeds", type=_range, help="run many, as in 0..999")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--effects", action="store_true", help="with reactors: every effect is counted")
    kind.add_argument("--beyond-finality", action="store_true", help="let one reorg undo final blocks")
    parser.add_argument("--database", help="URL of a migrated database of its own; without, one is made")
    parser.add_argument("--quiet", action="store_true", help="print the hash of the trace only")
    return parser.parse_args()


def _range(text: str) -> range:
    first, _, last = text.partition("..")
    return range(int(first), int(last) + 1)


@contextmanager
def _database(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        server = EmbeddedPostgres(Path(folder) / "postgres", settings=IN_A_HURRY)
        runner.run(server.start())
        try:
            made = runner.run(server.create_database("simulation"))
            migrations.upgrade(made)
            yield made
        finally:
            runner.run(server.stop())


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
