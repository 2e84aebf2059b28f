"""An answer of parts that were computed for all stands on the oldest of their blocks."""

from dataclasses import replace

from graphql_api.computed import Computed, Parts
from models.values import Chain
from tests.unit.graphql_api.test_as_of import BSC

NEWER = replace(BSC, number=BSC.number + 1)
OPBNB = replace(BSC, chain=Chain.OPBNB)


def test_each_chain_is_where_it_was_in_the_oldest_snapshot() -> None:
    """Whichever part came first."""
    for first, second in (([NEWER], [BSC, OPBNB]), ([BSC, OPBNB], [NEWER])):
        parts = Parts()
        values = [parts.take(Computed("first", first)), parts.take(Computed("second", second))]

        assert values == ["first", "second"]
        assert sorted(parts.checkpoints, key=lambda row: row.chain) == [BSC, OPBNB]


def test_a_value_is_the_same_on_later_blocks() -> None:
    """Or followers would be told again what they know."""
    assert Computed(1, [BSC]) == Computed(1, [NEWER])
