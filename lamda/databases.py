"""
Which database a command works on.

`DATABASE_URL` where it is set. Else the embedded server in the data folder: the one that another run of ours has
started, or one that lives as long as this command.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devnet.world import World, WorldFolder
from runtime.data_folder import FolderInUse
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.settings import CommonSettings

POSTGRES = "postgres"
"""The embedded server's folder in the data folder."""

DATABASE = "lamda"
"""The embedded database of programs that run on chains of their operator's."""


@asynccontextmanager
async def database_url(common: CommonSettings, data: Path) -> AsyncIterator[str]:
    """Yield the URL of the database to work on."""
    if common.database_url is not None:
        yield common.database_url
        return
    server = EmbeddedPostgres(data / POSTGRES)
    try:
        await server.start()
    except FolderInUse:
        yield server.running().url(_of_running_world(data))
        return
    try:
        yield await server.create_database(DATABASE)
    finally:
        await server.stop()


def _of_running_world(data: Path) -> str:
    """Return the database of the world that runs here; without one it is another of our programs that runs."""
    last = WorldFolder(data).last()
    return last.database if isinstance(last, World) and not last.clean else DATABASE
