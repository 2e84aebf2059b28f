"""Who gives the commands."""

import getpass
import socket


def operator() -> str:
    """Return who asks."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):
        # A container may run under a number that has no name.
        return socket.gethostname()
