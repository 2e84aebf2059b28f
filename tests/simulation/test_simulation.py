"""
Whatever the world does to the indexer, in the end the tables are those of the canonical chain.

A test runs several worlds; one that fails says which, and how to see it again.
"""

import os
import subprocess
import sys
from collections.abc import Iterable

import pytest

from tests.simulation import simulation
from tests.simulation.database import Database
from tests.simulation.notable import NOTABLE, NOTABLE_BEYOND_FINALITY

SEEDS_A_TEST = 5


def hold(seeds: Iterable[int], database: Database, *, beyond_finality: bool = False) -> None:
    """Run the worlds of some seeds; fail with the first that is not right in the end, and how to run it again."""
    for seed in seeds:
        again = f"--seed {seed}{' --beyond-finality' if beyond_finality else ''}"
        try:
            simulation.run(seed, database, beyond_finality=beyond_finality)
        except Exception as error:
            error.add_note(f"to see it again: python -m tests.simulation {again}")
            raise


@pytest.mark.parametrize("first", range(0, 15, SEEDS_A_TEST))
def test_a_hostile_world_leaves_the_tables_of_a_fresh_index(first: int, database: Database) -> None:
    """Facts, state, feed, checkpoint and finality are right, whatever happened on the way."""
    hold(range(first, first + SEEDS_A_TEST), database)


def test_a_chain_that_undoes_final_blocks_is_paused(database: Database) -> None:
    """Below finality nothing is repaired silently: the chain stands still and says why, until a person decides."""
    hold(range(1000, 1000 + SEEDS_A_TEST), database, beyond_finality=True)


@pytest.mark.parametrize("seed", NOTABLE)
def test_what_once_failed_does_not_fail_again(seed: int, database: Database) -> None:
    """Each of these seeds taught something; see `notable`."""
    hold([seed], database)


@pytest.mark.parametrize("seed", NOTABLE_BEYOND_FINALITY)
def test_what_once_failed_below_finality_does_not_fail_again(seed: int, database: Database) -> None:
    """The same, where a chain undoes final blocks."""
    hold([seed], database, beyond_finality=True)


@pytest.mark.long
@pytest.mark.parametrize("first", [15, 2000, 2050, 2100, 2150, 2200, 2250])
def test_many_hostile_worlds(first: int, database: Database) -> None:
    """The same, many times over."""
    hold(range(first, first + 50), database)


@pytest.mark.parametrize(
    "kind", [pytest.param((), id="tables"), pytest.param(("--effects",), id="effects", marks=pytest.mark.long)]
)
def test_a_seed_takes_the_same_course_in_every_process(kind: tuple[str, ...], database_address: str) -> None:
    """Every question, answer and act is the same, whatever Python's hashes are seeded with."""
    traces = {_trace_elsewhere(kind, database_address, hash_seed) for hash_seed in ("1", "77")}

    assert len(traces) == 1


def _trace_elsewhere(kind: tuple[str, ...], database_address: str, hash_seed: str) -> str:
    world = [*kind, "--quiet", "--seed", "5", "--database", database_address]
    command = [sys.executable, "-m", "tests.simulation", *world]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
