"""
Every guard is needed: take one away, and some world ends wrong.

A guard whose removal no world notices is not proven by the simulation, and fails its test here: either the worlds are
too kind, or it guards nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from indexer import verify
from indexer.store import Store
from indexer.values import Cursor
from tests.simulation import simulation
from tests.simulation.database import Database
from tests.simulation.loop import Stuck
from tests.simulation.oracle import Differs

SEEDS: Final = range(100)

Patch = pytest.MonkeyPatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One thing that keeps the tables right, and how to take it away."""

    name: str
    remove: Callable[[Patch], None]


def _believe_heights(patch: Patch) -> None:
    patch.setattr(verify, "check_heights", lambda headers, _: headers)


def _believe_links(patch: Patch) -> None:
    patch.setattr(verify, "check_links", lambda *_: None)


def _believe_logs(patch: Patch) -> None:
    patch.setattr(verify, "check_logs", lambda logs, **_: sorted(logs, key=lambda log: log.position))


def _no_fence(patch: Patch) -> None:
    move = Store._move_checkpoint

    async def wherever_it_stands(store: Store, connection: Any, expected: Cursor, segment: Any) -> None:
        await move(store, connection, replace(expected, block=(await store.cursor()).block), segment)

    patch.setattr(Store, "_move_checkpoint", wherever_it_stands)


GUARDS: Final = (
    Guard(name="a header is of the block asked for", remove=_believe_heights),
    Guard(name="headers follow each other", remove=_believe_links),
    Guard(name="logs are those asked for, of blocks we hold, each once", remove=_believe_logs),
    Guard(name="a commit is fenced by the checkpoint it was decided on", remove=_no_fence),
)


@pytest.mark.long
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_without_a_guard_some_world_ends_wrong(guard: Guard, database: Database, monkeypatch: Patch) -> None:
    """The tables differ, the indexer breaks, or it never comes to its end."""
    guard.remove(monkeypatch)

    assert any(_goes_wrong(seed, database) for seed in SEEDS), f"unproven in {len(SEEDS)} worlds: {guard.name}"


def _goes_wrong(seed: int, database: Database) -> bool:
    try:
        simulation.run(seed, database)
    except (Differs, Stuck):
        return True
    except Exception:
        # A database constraint or a decoder that stops the program is a guard behind the guard.
        return True
    return False
