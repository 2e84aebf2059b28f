"""
Where the programs of a test are born: a process that has imported everything, and forks for each one.

Run as a module with the name of a socket: each connection brings one order, a line of JSON, and is the newborn's to
tell its process id and its touches on. It ends when the program does, however that was. What is born is the real
`lamda`, with nothing but its settings.
"""

import json
import os
import random
import signal
import socket
import sys
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from lamda import cli
from runtime.tether import tether
from tests.effects.touches import Point, Touches


def main() -> None:
    """Fork for every order until our own parent is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # The kernel buries the dead.
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{sys.argv[1]}")
        listener.listen()
        while True:
            connection, _ = listener.accept()
            parent = os.getpid()
            if os.fork() == 0:
                listener.close()
                tether(signal.SIGKILL, parent)
                live(connection)
            connection.close()


def live(connection: socket.socket) -> None:
    """Be the program that was ordered; never return."""
    order = json.loads(connection.makefile().readline() or "null")
    if order is None:  # Somebody looked whether we are here.
        os._exit(0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    random.seed()
    _write_to(Path(order["log"]))

    def tell(line: str) -> None:
        connection.sendall(f"{line}\n".encode())

    tell(f"pid {os.getpid()}")
    os.environ.update(order["settings"])
    for name, value in order["haste"].items():
        hasten(name, value)
    if order["is_watched"]:
        Touches(tell, Point(**order["deadly"]) if order["deadly"] else None).watch()
    sys.argv = ["lamda", *order["words"]]
    code = 1
    try:
        cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stderr.flush()
        os._exit(code)


def hasten(name: str, value: Any) -> None:
    """Give a constant, named `module:attribute` or deeper, another value, if it is still there."""
    module, _, path = name.partition(":")
    *owners, last = path.split(".")
    owner: Any = import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    assert hasattr(owner, last), f"{name} is not there any more: see haste in tests/effects"
    setattr(owner, last, timedelta(seconds=value) if isinstance(getattr(owner, last), timedelta) else value)


def _write_to(log: Path) -> None:
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


if __name__ == "__main__":
    main()
