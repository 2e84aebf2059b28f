"""
Which database a command works on.

`DATABASE_URL` where it is set. Else the embedded server in the data folder: the one that another run of ours has
started, or one that lives as long as this command.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from devnet.world import World, WorldFolder
from runtime.data_folder import FolderInUse
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.settings import CommonSettings

POSTGRES = "postgres"
"""The embedded server's folder in the data folder."""

DATABASE = "lamda"
"""The embedded database of programs that run on chains of their operator's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A database to work on; `world` is the one that runs here and fills it, where it is one of ours."""

    url: str = field(repr=False)
    world: World | None = None


@asynccontextmanager
async def database_url(common: CommonSettings, data: Path) -> AsyncIterator[str]:
    """Yield the URL of the database to work on."""
    async with opened(common, data) as database:
        yield database.url


@asynccontextmanager
async def opened(common: CommonSettings, data: Path) -> AsyncIterator[Opened]:
    """Yield the database to work on, and whose it is."""
    if common.database_url is not None:
        yield Opened(url=common.database_url)
        return
    server = EmbeddedPostgres(data / POSTGRES)
    try:
        await server.start()
    except FolderInUse:
        world = _running_world(data)
        yield Opened(url=server.running().url(DATABASE if world is None else world.database), world=world)
        return
    try:
        yield Opened(url=await server.create_database(DATABASE))
    finally:
        await server.stop()


def _running_world(data: Path) -> World | None:
    """Return the world that runs here; without one it is another of our programs that runs."""
    last = WorldFolder(data).last()
    return last if isinstance(last, World) and not last.clean else None
