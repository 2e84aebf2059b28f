"""
Every guard is needed: take one away, and some world ends wrong.

A guard whose removal no world notices is not proven by the simulation, and fails its test here: either the worlds are
too kind, or it guards nothing.
"""

from collections.abc import Iterable
from typing import Final

import pytest

from tests.simulation import mutations, simulation
from tests.simulation.database import Database

SEEDS: Final = range(200)


@pytest.mark.long
@pytest.mark.parametrize("guard", mutations.GUARDS)
def test_without_a_guard_some_world_ends_wrong(guard: str, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables differ, the indexer breaks, or it never comes to its end."""
    mutations.GUARDS[guard](monkeypatch)

    assert first_wrong(SEEDS, database) is not None, f"unproven in {len(SEEDS)} worlds: {guard}"


def first_wrong(seeds: Iterable[int], database: Database) -> int | None:
    """Return the first seed whose world does not end right, or None."""
    return next((seed for seed in seeds if _ends_wrong(seed, database)), None)


def _ends_wrong(seed: int, database: Database) -> bool:
    try:
        simulation.run(seed, database)
    except Exception:
        # Also a constraint of the database or a decoder that stops the program: a guard behind the guard.
        return True
    return False
