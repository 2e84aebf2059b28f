"""What an answer says of the blocks it stands on."""

from dataclasses import replace

from graphql_api.blocks import blocks
from tests.unit.graphql_api.test_as_of import BSC


def test_each_chain_is_named_with_its_block() -> None:
    """Final, or not yet."""
    expected = {
        "chain": "BSC",
        "number": 120,
        "hash": "0x" + "00" * 32,
        "timestamp": "2026-01-01T00:00:00Z",
        "final": False,
        "stateThrough": 117,
    }

    assert blocks([BSC]) == [expected]
    assert blocks([replace(BSC, final_through=120)]) == [{**expected, "final": True}]
