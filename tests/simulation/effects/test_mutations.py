"""Every guard is needed: take one away, and a world ends wrong that ends well with it."""

import pytest

from tests.simulation.database import Database
from tests.simulation.effects import mutations, simulation


@pytest.mark.parametrize("name", mutations.GUARDS)
def test_without_a_guard_something_is_lost_or_doubled(
    name: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a constraint of the database stops the program: a guard behind the guard."""
    guard = mutations.GUARDS[name]
    with monkeypatch.context() as patch:
        guard.remove(patch)
        wrong = _ends_wrong(guard.seed, database)

    assert wrong, f"nobody noticed in seed {guard.seed}: search for another one"
    assert not _ends_wrong(guard.seed, database), f"seed {guard.seed} ends wrong with all guards"


def _ends_wrong(seed: int, database: Database) -> bool:
    try:
        simulation.run(seed, database)
    except Exception:
        return True
    return False
