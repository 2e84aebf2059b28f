"""A world of this machine beside another one that begins at the same time."""

import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from devnet.local_world import LocalWorld
from runtime.ports import LOOPBACK, free_port


async def test_ports_that_others_took_meanwhile_are_left_to_them(tmp_path: Path) -> None:
    """Those that a world was given when it was chosen are not free any more when it starts."""
    world = LocalWorld(tmp_path)
    with socket.create_server((LOOPBACK, 0)) as first, socket.create_server((LOOPBACK, 0)) as second:
        taken = {each.getsockname()[1] for each in (first, second)}
        world.world = replace(world.world, bsc_port=min(taken), opbnb_port=max(taken))
        await world.start()
        ours = {world.world.bsc_port, world.world.opbnb_port}
        await world.stop()

    assert taken & ours == set()
    assert len(ours) == 2


async def test_a_port_that_is_taken_at_the_last_moment_is_left_to_who_took_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was free when it was chosen."""
    with socket.create_server((LOOPBACK, 0)) as other:
        taken = other.getsockname()[1]
        chosen = iter([free_port(), taken])
        world = LocalWorld(tmp_path)
        monkeypatch.setattr("devnet.local_world.prefer", lambda _: next(chosen, None) or free_port())
        await world.start()
        ours = {world.world.bsc_port, world.world.opbnb_port}
        await world.stop()

    assert taken not in ours
    assert next(chosen, None) is None
