"""
Choose and check TCP ports before a server is asked to take them.

A check is a courtesy: it turns a server's late failure into an early message that names the setting. Whoever binds
first still wins, but for those who choose one after the other.
"""

import asyncio
import fcntl
import os
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from runtime.errors import CannotRun

LOOPBACK = "127.0.0.1"
LOOK_SECONDS = 0.05


class PortInUse(CannotRun):
    """Another process listens on the port we were told to use."""


def free_port(host: str = LOOPBACK) -> int:
    """Return a port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Say whether a server could bind the port now."""
    with socket.socket() as probe:
        # Servers set this too: without it a port in TIME_WAIT would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def ensure_free(host: str, port: int, setting_name: str) -> None:
    """Raise `PortInUse`, naming the setting to change, when the port is taken or forbidden."""
    if not is_free(port, host):
        raise PortInUse(
            f"port {port} on {host} is in use by another process, or may not be used; stop that process, "
            f"or choose another port with {setting_name}"
        )


def prefer(port: int | None) -> int:
    """Return `port` when it is free, else a free one: a port that can stay the same stays the same."""
    return port if port is not None and is_free(port) else free_port()


@asynccontextmanager
async def alone_with_ports() -> AsyncIterator[None]:
    """
    Let no other run of this user choose ports until the servers of the block answer on theirs.

    Two chains on one port would not only collide: who finds it taken would take the other's answers for its own.
    """
    path = Path(tempfile.gettempdir()) / f"lamda-ports-{os.getuid()}.lock"
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        while not _is_locked(lock):
            await asyncio.sleep(LOOK_SECONDS)
        yield
    finally:
        os.close(lock)


def _is_locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
