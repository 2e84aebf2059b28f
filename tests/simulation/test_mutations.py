"""
Every guard is needed: take one away, and a world ends wrong that ends well with it.

Each is shown in one world that was searched for, with only those faults that the guard is there for. Those that no
world showed, because another guard stands behind them, are in `mutations.UNSHOWN` with the tests that hold them.
"""

import pytest

from tests.architecture.source import ROOT
from tests.simulation import mutations, simulation
from tests.simulation.database import Database

LONG = {
    "another is asked where one cannot tell",
    "who contradicts a final block must hold its own final",
    "receipts make up the bloom",
    "a commit is fenced by checkpoint and lease",
    "block time takes providers offline",
}
"""Guards whose worlds take longest."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if name in LONG else []) for name in mutations.GUARDS]
)
def test_without_a_guard_a_world_ends_wrong(name: str, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables differ, the indexer breaks, or it never comes to its end; and with the guard all is well."""
    guard = mutations.GUARDS[name]
    with monkeypatch.context() as patch:
        guard.remove(patch)
        wrong = _ends_wrong(guard.seed, database, guard.against)

    assert wrong, f"nobody noticed in seed {guard.seed}: search for another one"
    assert not _ends_wrong(guard.seed, database, guard.against), f"seed {guard.seed} ends wrong with all guards"


@pytest.mark.parametrize(("path", "test"), mutations.UNSHOWN.values(), ids=mutations.UNSHOWN)
def test_what_no_world_shows_is_tested_by_itself(path: str, test: str) -> None:
    """The test that is named is there."""
    assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8")


def _ends_wrong(seed: int, database: Database, against: tuple[str, ...]) -> bool:
    try:
        simulation.run(seed, database, only=against)
    except Exception:
        # Also a constraint of the database or a decoder that stops the program: a guard behind the guard.
        return True
    return False
