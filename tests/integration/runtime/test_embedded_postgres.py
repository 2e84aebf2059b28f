"""
The embedded Postgres keeps data through stops and kills, and never outlives its parent.
"""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from runtime import embedded_postgres, postgres_launch
from runtime.data_folder import FolderInUse
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.errors import CannotRun
from runtime.postgres_launch import Identity, NoPostgres, identities
from runtime.processes import ServerFailed

SLOW_TO_START = """
import asyncio, sys
from pathlib import Path
from runtime.embedded_postgres import EmbeddedPostgres

async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]))
    await server.start()
    print(server.pid, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place for a cluster."""
    return tmp_path / "postgres"


async def ask(url: str, question: str) -> object:
    """Return the one value that the question asks for."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        row = await (await connection.execute(question.encode())).fetchone()
    assert row is not None
    return row[0]


async def tell(url: str, statement: str) -> None:
    """Run one statement and commit it."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(statement.encode())


def owner(path: Path) -> int:
    """Return the uid that the file belongs to."""
    return path.stat().st_uid


def is_running(pid: int) -> bool:
    """Say whether the process still does anything; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def gone(*pids: int) -> None:
    """Return when none of the processes runs any more."""
    async with asyncio.timeout(20):
        while any(is_running(pid) for pid in pids):
            await asyncio.sleep(0.02)


async def test_a_fresh_database_is_empty_and_speaks_utf8(database_url: str) -> None:
    assert await ask(database_url, "select count(*) from information_schema.tables where table_schema = 'public'") == 0
    assert await ask(database_url, "show server_encoding") == "UTF8"
    assert await ask(database_url, "select 'ä' < 'z'") is False


async def test_a_second_start_finds_data_port_and_password_again(folder: Path) -> None:
    first = EmbeddedPostgres(folder)
    await first.start()
    url = await first.create_database("kept")
    await tell(url, "create table note as select 'still here' as text")
    await first.stop()

    second = EmbeddedPostgres(folder)
    await second.start()
    try:
        assert second.url("kept") == url
        assert await second.create_database("kept") == url
        assert await ask(url, "select text from note") == "still here"
    finally:
        await second.stop()


async def test_databases_are_found_by_prefix_and_dropped_with_their_sessions(postgres: EmbeddedPostgres) -> None:
    for name in ("world_b", "world_a", "worlds"):
        await postgres.create_database(name)
    async with await psycopg.AsyncConnection.connect(postgres.url("world_a")):
        await postgres.drop_database("world_a")

    assert await postgres.databases("world_") == ["world_b"]


async def test_stop_leaves_no_process_and_no_port(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    await server.start()
    pid = server.pid
    assert pid is not None

    await server.stop()

    assert not is_running(pid)
    with pytest.raises(psycopg.OperationalError):
        await psycopg.AsyncConnection.connect(server.url("postgres"))
    assert "database system is shut down" in (folder / "log").read_text()


async def test_a_killed_postmaster_loses_nothing_committed(folder: Path) -> None:
    first = EmbeddedPostgres(folder)
    await first.start()
    url = await first.create_database("kept")
    await tell(url, "create table note as select 7 as number")
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    with pytest.raises(ServerFailed, match="postgres was ended by SIGKILL"):
        await first.watch()
    await first.stop()

    second = EmbeddedPostgres(folder)
    await second.start()
    try:
        assert await ask(second.url("kept"), "select number from note") == 7
    finally:
        await second.stop()


async def test_a_stale_pid_file_that_names_an_innocent_process_does_not_stop_it(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    await server.start()
    await server.stop()
    (folder / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{folder / 'data'}\n1\n5432\n\n127.0.0.1\n")

    await server.start()
    await server.stop()


async def test_a_kill_of_the_parent_leaves_no_postgres(folder: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SLOW_TO_START, str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    postmaster = int(await asyncio.wait_for(parent.stdout.readline(), 60))
    family = [postmaster, *embedded_postgres._servers_in(folder / "data")]
    assert len(family) > 2

    parent.kill()
    await parent.wait()

    await gone(*family)


async def test_a_start_waits_for_the_server_of_a_killed_parent(folder: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SLOW_TO_START, str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    await asyncio.wait_for(parent.stdout.readline(), 60)
    parent.kill()
    await parent.wait()

    server = EmbeddedPostgres(folder)
    await server.start()
    await server.stop()


async def test_two_servers_never_share_a_folder(folder: Path) -> None:
    first = EmbeddedPostgres(folder)
    await first.start()
    try:
        with pytest.raises(FolderInUse, match=str(os.getpid())):
            await EmbeddedPostgres(folder).start()
    finally:
        await first.stop()


async def test_the_password_is_ours_alone_and_is_asked_for(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    await server.start()
    try:
        assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600
        wrong = server.url("postgres").replace((folder / "password").read_text(), "wrong")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            await psycopg.AsyncConnection.connect(wrong)
    finally:
        await server.stop()


async def test_a_lost_password_is_told(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    await server.start()
    await server.stop()
    (folder / "password").unlink()

    with pytest.raises(CannotRun, match="password is missing"):
        await EmbeddedPostgres(folder).start()


async def test_an_initdb_cut_short_is_done_again(folder: Path) -> None:
    (folder / "data.new").mkdir(parents=True)
    (folder / "data.new" / "PG_VERSION").write_text("18\n")

    server = EmbeddedPostgres(folder)
    await server.start()
    await server.stop()


async def test_a_server_that_cannot_start_shows_its_last_words(folder: Path) -> None:
    with pytest.raises(ServerFailed, match="no_such_setting"):
        await EmbeddedPostgres(folder, settings={"no_such_setting": "on"}).start()


@pytest.mark.parametrize("identity", list(identities()), ids=lambda identity: f"uid-{identity.uid}")
async def test_it_runs_under_every_identity_this_user_can_take(
    folder: Path, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_this_one() -> Iterator[Identity]:
        yield identity

    monkeypatch.setattr(postgres_launch, "identities", only_this_one)
    server = EmbeddedPostgres(folder)
    await server.start()
    try:
        assert server.pid is not None
        assert identity.uid == owner(Path(f"/proc/{server.pid}"))
        assert identity.uid == owner(folder / "data")
    finally:
        await server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has more than one identity")
async def test_a_folder_made_under_one_identity_opens_under_another(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for identity in [*identities(), *identities()]:
        monkeypatch.setattr(postgres_launch, "identities", lambda identity=identity: iter([identity]))
        server = EmbeddedPostgres(folder)
        await server.start()
        url = await server.create_database("kept")
        await tell(url, "create table if not exists note (number integer)")
        await server.stop()


async def test_without_binaries_it_says_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_launch, "binary_folders", lambda: iter(()))

    with pytest.raises(NoPostgres, match="DATABASE_URL"):
        await EmbeddedPostgres(folder).start()
