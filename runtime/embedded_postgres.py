"""
A real Postgres server in a folder of ours.

    folder/data       the cluster, made once by initdb
    folder/password   of the only role, mode 0600
    folder/port       last used, used again when free
    folder/log        what the server says

Listens on 127.0.0.1 only, with a password; no Unix socket, whose path may be no longer than 107 bytes. How it is
started on this machine is `postgres_launch`'s decision; what goes into the databases is left to others.
"""

import asyncio
import os
import secrets
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql

from runtime.data_folder import DataFolder
from runtime.errors import CannotRun
from runtime.ports import LOOPBACK, prefer
from runtime.postgres_launch import PostgresLaunch, choose_launch
from runtime.processes import Child, Program, ServerFailed, run

ROLE = "lamda"
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
# A server whose parent was killed is on its way out; this is how long it may take.
LEFTOVER_SECONDS = 15.0

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "logging_collector": "off",
    "log_timezone": "UTC",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
}


class EmbeddedPostgres:
    """A Postgres server that lives as long as we do, on data that stays."""

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self._folder = DataFolder(folder)
        self._settings = {**SETTINGS, **(settings or {})}
        self._child: Child | None = None
        self._port: int | None = None

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        return self._child.pid if self._child else None

    @property
    def base_url(self) -> str:
        """The server's URL without a database name."""
        return f"postgresql://{ROLE}:{self._password()}@{LOOPBACK}:{self._port}"

    def url(self, database: str) -> str:
        """Return the URL of one database."""
        return f"{self.base_url}/{database}"

    async def start(self) -> str:
        """Start the server on its folder, making the cluster the first time, and return its base URL."""
        self._folder.lock()
        try:
            launch = await choose_launch(self._folder.path)
            await self._make_cluster(launch)
            await _outlast_leftovers(self._data)
            self._choose_port()
            await self._run_server(launch)
        except BaseException:
            await self.stop()
            raise
        return self.base_url

    async def stop(self) -> None:
        """Shut the server down, cleanly, and give the folder back."""
        try:
            if self._child is not None:
                await self._child.stop(within_seconds=STOP_SECONDS)
        finally:
            self._folder.unlock()

    def running(self) -> "EmbeddedPostgres":
        """Return the server as another run started it: its URLs are known, its life is not ours to end."""
        self._port = int((self._folder.path / "port").read_text())
        return self

    async def watch(self) -> None:
        """Raise `ServerFailed` as soon as the server ends; never return."""
        if self._child is None:
            raise RuntimeError("the embedded Postgres has not been started")
        await self._child.watch()

    async def databases(self, prefix: str) -> list[str]:
        """Return the names of the databases that begin with `prefix`."""
        async with await psycopg.AsyncConnection.connect(self.url("postgres")) as connection:
            found = await connection.execute(
                "select datname from pg_database where starts_with(datname, %s) order by datname", [prefix]
            )
            return [str(name) for (name,) in await found.fetchall()]

    async def create_database(self, name: str) -> str:
        """Create the database unless it is there, and return its URL."""
        with suppress(psycopg.errors.DuplicateDatabase):
            await self._execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return self.url(name)

    async def drop_database(self, name: str) -> None:
        """Drop the database if it is there, ending its connections."""
        await self._execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    @property
    def _data(self) -> Path:
        return self._folder.path / "data"

    async def _execute(self, statement: sql.Composed) -> None:
        async with await psycopg.AsyncConnection.connect(self.url("postgres"), autocommit=True) as connection:
            await connection.execute(statement)

    async def _make_cluster(self, launch: PostgresLaunch) -> None:
        if not self._data.exists():
            await self._initialise(launch)
        _hand_over(self._data, launch.identity.uid)

    async def _initialise(self, launch: PostgresLaunch) -> None:
        # Made beside its final place and renamed: an initdb cut short leaves no half a cluster behind.
        unfinished = self._folder.path / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        _hand_over(unfinished, launch.identity.uid)
        password_file = self._write_password()
        await run(_initdb(launch, unfinished, password_file), launcher=launch.identity.launcher)
        unfinished.rename(self._data)

    def _write_password(self) -> Path:
        path = self._folder.path / "password"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))
        return path

    def _password(self) -> str:
        path = self._folder.path / "password"
        try:
            return path.read_text()
        except FileNotFoundError:
            raise CannotRun(f"{path} is missing: put it back, or move {path.parent} away to begin afresh") from None

    def _choose_port(self) -> None:
        path = self._folder.path / "port"
        self._port = prefer(int(path.read_text()) if path.exists() else None)
        path.write_text(str(self._port))

    async def _run_server(self, launch: PostgresLaunch) -> None:
        settings = {**self._settings, "port": str(self._port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        program = Program(
            name="postgres",
            command=(launch.command("postgres"), "-D", str(self._data), *options),
            log=self._folder.path / "log",
            stop_signal=signal.SIGINT,  # "fast": ends sessions, then writes everything out.
            death_signal=signal.SIGQUIT,  # "immediate": the next start recovers from the write-ahead log.
            launcher=launch.identity.launcher,
        )
        self._child = Child(program)
        await self._child.start()
        await self._child.ready(self._answers, within_seconds=READY_SECONDS)

    async def _answers(self) -> bool:
        try:
            async with await psycopg.AsyncConnection.connect(self.url("postgres"), connect_timeout=5):
                return True
        except psycopg.OperationalError:
            return False


def _initdb(launch: PostgresLaunch, data: Path, password_file: Path) -> list[str]:
    # Byte order, the same on every machine. The builtin provider came with 17; before it libc's C.UTF-8 is nearest.
    locale = (
        ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        if launch.major_version >= 17
        else ("--locale=C.UTF-8",)
    )
    return [
        launch.command("initdb"),
        f"--pgdata={data}",
        f"--username={ROLE}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        *locale,
    ]


def _hand_over(path: Path, uid: int) -> None:
    """Give a file or tree to the user that Postgres runs as here, where that is not its owner yet."""
    if path.stat().st_uid == uid:
        return
    for each in [path, *path.rglob("*")]:
        os.chown(each, uid, -1, follow_symlinks=False)


async def _outlast_leftovers(data: Path) -> None:
    """Wait for a killed run's server to end, then drop its pid file, which may name an innocent process by now."""
    try:
        async with asyncio.timeout(LEFTOVER_SECONDS):
            # The kernel tells nobody but a parent when a process ends, and we are not theirs.
            while servers := _servers_in(data):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise ServerFailed(f"processes {servers} of an earlier Postgres still run in {data}; stop them") from None
    (data / "postmaster.pid").unlink(missing_ok=True)


def _servers_in(data: Path) -> list[int]:
    """Return the Postgres processes working in the cluster: every one of them makes it its current folder."""
    return [int(process.name) for process in Path("/proc").glob("[0-9]*") if _works_in(process, data)]


def _works_in(process: Path, data: Path) -> bool:
    try:
        return (process / "cwd").readlink() == data and (process / "comm").read_text().strip() == "postgres"
    except OSError:  # Ended meanwhile, or another user's: neither is ours.
        return False
