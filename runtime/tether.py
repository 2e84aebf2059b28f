"""
Tie a process to the one that started it: `python tether.py SIGNAL PARENT_PID -- command…`.

The kernel sends SIGNAL to the command as soon as its parent is gone, however it went, so that a `kill -9` leaves no
server behind. The wish is kept through `exec` but not through a change of user, so the tether stands innermost:
whatever changes the user comes before it. Needs only the standard library, and is run without `site`, because it
delays every start.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def tether(death_signal: int, parent: int) -> None:
    """Ask the kernel for `death_signal` when `parent` dies; exit at once if it is dead already."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    # Asked after the prctl: a parent that dies between the two calls is seen here.
    if os.getppid() != parent:
        raise SystemExit(f"tether: parent {parent} is gone, not starting")


def main(arguments: list[str]) -> None:
    """Become the command after `--`, tied to the parent."""
    death_signal, parent, dashes, *command = arguments
    if dashes != "--" or not command:
        raise SystemExit("usage: tether.py SIGNAL PARENT_PID -- command…")
    tether(int(death_signal), int(parent))
    try:
        os.execvp(command[0], command)
    except OSError as error:
        raise SystemExit(f"tether: cannot run {command[0]}: {error.strerror}") from error


if __name__ == "__main__":
    main(sys.argv[1:])
