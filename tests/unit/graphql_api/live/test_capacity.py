"""How many connections there may be."""

from contextlib import ExitStack

from graphql_api.live.capacity import Capacity
from runtime.live_settings import LiveSettings


def capacity(*, connections: int, per_address: int) -> Capacity:
    """Return a capacity with limits."""
    return Capacity(
        LiveSettings(api_live_connections_max=connections, api_live_connections_per_address_max=per_address)
    )


def test_one_address_may_have_so_many_and_others_theirs() -> None:
    """A connection that ends makes room for another."""
    door = capacity(connections=10, per_address=2)
    with ExitStack() as stack:
        for _ in range(2):
            assert door.refusal("a") is None
            stack.enter_context(door.entered("a"))
        assert door.refusal("a") == "2 connections from one address are all that may be: close one first"
        assert door.refusal("b") is None

    assert door.refusal("a") is None


def test_there_is_room_for_so_many_in_all() -> None:
    """Wherever they come from."""
    door = capacity(connections=1, per_address=2)
    with door.entered("a"):
        assert door.refusal("b") == "there is no room for more connections here: try again later"

    assert door.refusal("b") is None
