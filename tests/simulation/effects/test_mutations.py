"""
Every guard is needed: take one away, and a world ends wrong that ends well with it.

Each is shown in one world that was searched for. What is lost is waited for less long than elsewhere.
"""

import pytest

from tests.simulation.database import Database
from tests.simulation.effects import mutations, settling, simulation
from tests.simulation.effects.test_effects import SAMPLE

CALM_SECONDS_MAX = 400.0
ELSEWHERE = sorted({guard.seed for guard in mutations.GUARDS.values()} - set(SAMPLE))


@pytest.mark.long
@pytest.mark.parametrize("name", mutations.GUARDS)
def test_without_a_guard_something_is_lost_or_doubled(
    name: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a constraint of the database stops the program: a guard behind the guard."""
    guard = mutations.GUARDS[name]
    monkeypatch.setattr(settling, "CALM_SECONDS_MAX", CALM_SECONDS_MAX)
    guard.remove(monkeypatch)

    assert _ends_wrong(guard.seed, database), f"nobody noticed in seed {guard.seed}: search for another one"


@pytest.mark.long
@pytest.mark.parametrize("seed", ELSEWHERE)
def test_with_all_guards_nothing_is(seed: int, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the same worlds, as long as they are not among those that are run anyway."""
    monkeypatch.setattr(settling, "CALM_SECONDS_MAX", CALM_SECONDS_MAX)

    simulation.run(seed, database)


def _ends_wrong(seed: int, database: Database) -> bool:
    try:
        simulation.run(seed, database)
    except Exception:
        return True
    return False
