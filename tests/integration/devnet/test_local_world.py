"""A world of this machine beside another one that begins at the same time."""

import asyncio
import socket
from pathlib import Path

from msgspec.structs import replace

from devnet.local_world import LocalWorld
from runtime.ports import LOOPBACK


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


async def test_worlds_that_begin_together_take_each_its_own_ports(tmp_path: Path) -> None:
    """And each hears its own chains: both would like the same ports best."""
    worlds = [LocalWorld(tmp_path / name) for name in ("one", "other", "third")]
    await asyncio.gather(*(world.start() for world in worlds))
    ports = [port for world in worlds for port in (world.world.bsc_port, world.world.opbnb_port)]
    codes = [chain.exit_code for world in worlds for chain in (world.bsc, world.opbnb)]
    await asyncio.gather(*(world.stop() for world in worlds))

    assert len(set(ports)) == len(ports)
    assert codes == [None] * len(ports)
