"""The embedded NATS lets nobody in by default, keeps its streams, and never outlives its parent."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from nats.errors import Error

from runtime.bus import BusUnreachable, open_bus
from runtime.data_folder import FolderInUse
from runtime.embedded_nats import EmbeddedNats, NoNats, greets
from runtime.ports import free_port
from runtime.processes import ServerFailed

PARENT = """
import asyncio, sys
from pathlib import Path
from runtime.embedded_nats import EmbeddedNats

async def main():
    server = EmbeddedNats(Path(sys.argv[1]))
    await server.start()
    print(server.pid, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place for a server."""
    return tmp_path / "nats"


@pytest.fixture
async def server(folder: Path) -> AsyncIterator[EmbeddedNats]:
    """A server that runs until the test ends."""
    started = EmbeddedNats(folder)
    await started.start()
    yield started
    await started.stop()


async def store(url: str, text: str) -> None:
    """Put a message into a stream."""
    async with open_bus(url, program="test") as bus:
        await bus.jetstream.add_stream(name="NOTES", subjects=["notes"])
        await bus.jetstream.publish("notes", text.encode())


async def stored(url: str) -> str:
    """Return the last message of that stream."""
    async with open_bus(url, program="test") as bus:
        return ((await bus.jetstream.get_last_msg("NOTES", "notes")).data or b"").decode()


async def kept_out(url: str, **options: Any) -> bool:
    """Say whether the server refuses a connection."""

    async def ignore(_: Exception) -> None: ...

    client = Client()
    try:
        await client.connect(url, allow_reconnect=False, error_cb=ignore, **options)
    except (Error, TimeoutError):
        return True
    finally:
        await client.close()
    return False


def command_line(pid: int) -> bytes:
    """Return what a process was started with; nothing when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


async def gone(pid: int) -> None:
    """Return when the process has ended."""
    async with asyncio.timeout(20):
        while command_line(pid):
            await asyncio.sleep(0.02)


async def test_nobody_gets_in_without_our_password(server: EmbeddedNats) -> None:
    """Nor with a token or a wrong password, while no program of ours answers for others."""
    open_url = f"nats://{server.address}"

    assert await kept_out(open_url)
    assert await kept_out(open_url, token="anything")
    assert await kept_out(open_url, user="lamda", password="wrong")
    assert not await kept_out(server.url)


async def test_its_secrets_are_for_its_user_alone(server: EmbeddedNats, folder: Path) -> None:
    assert {0o600} == {stat.S_IMODE((folder / name).stat().st_mode) for name in ("password", "seed", "nats.conf")}
    assert server.callout_seed.startswith("SA")
    assert server.callout_seed not in (folder / "nats.conf").read_text()
    assert server.pid is not None
    assert (folder / "password").read_text().encode() not in command_line(server.pid)


async def test_a_second_start_finds_messages_secrets_and_port_again(folder: Path) -> None:
    first = EmbeddedNats(folder)
    url = await first.start()
    await store(url, "still here")
    await first.stop()

    second = EmbeddedNats(folder)
    assert await second.start() == url
    try:
        assert await stored(url) == "still here"
        assert second.callout_seed == first.callout_seed
        assert EmbeddedNats(folder).running().url == url
    finally:
        await second.stop()


async def test_a_killed_server_keeps_its_messages(folder: Path) -> None:
    first = EmbeddedNats(folder)
    await store(await first.start(), "survives")
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    with pytest.raises(ServerFailed, match="nats-server was ended by SIGKILL"):
        await first.watch()
    await first.stop()

    second = EmbeddedNats(folder)
    try:
        assert await stored(await second.start()) == "survives"
    finally:
        await second.stop()


async def test_a_kill_of_the_parent_leaves_no_server_and_a_start_after_it_works(folder: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await asyncio.wait_for(parent.stdout.readline(), 60))
    parent.kill()
    await parent.wait()

    server = EmbeddedNats(folder)
    await server.start()
    await server.stop()

    await gone(pid)


async def test_stop_leaves_no_process_and_no_port(folder: Path) -> None:
    server = EmbeddedNats(folder)
    await server.start()
    pid, (host, port) = server.pid, server.address.split(":")
    assert pid is not None

    await server.stop()

    await gone(pid)
    assert not await greets(host, int(port))


async def test_two_servers_never_share_a_folder(server: EmbeddedNats, folder: Path) -> None:
    assert server.pid is not None
    with pytest.raises(FolderInUse, match=str(os.getpid())):
        await EmbeddedNats(folder).start()


async def test_secrets_cut_short_are_made_anew(folder: Path) -> None:
    server = EmbeddedNats(folder)
    await server.start()
    await server.stop()
    (folder / "seed").write_text("")
    (folder / "port").write_text("")

    await server.start()
    await server.stop()

    assert server.callout_seed.startswith("SA")


async def test_without_a_binary_it_says_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(folder))
    monkeypatch.setenv("PATH", "")

    with pytest.raises(NoNats, match="NATS_URL"):
        await EmbeddedNats(folder).start()


async def test_a_bus_waits_a_stated_time_and_says_for_what() -> None:
    port = free_port()

    with pytest.raises(BusUnreachable, match=f"no connection to NATS at 127.0.0.1:{port} within 0 s"):
        async with open_bus(f"nats://lamda:secret@127.0.0.1:{port}", program="test", wait_seconds=0.3):
            pass


async def test_a_bus_that_is_turned_away_says_so_without_the_password(server: EmbeddedNats) -> None:
    with pytest.raises(BusUnreachable, match="Authorization Violation") as refusal:
        # A refused connection is sometimes reset before its reason is read; it takes more than one attempt.
        async with open_bus(f"nats://lamda:wrong-one@{server.address}", program="test", wait_seconds=3):
            pass

    assert "wrong-one" not in str(refusal.value)


async def test_a_bus_outlives_its_server(folder: Path) -> None:
    """What is subscribed stays so when the server is killed and started again."""
    first, second = EmbeddedNats(folder), EmbeddedNats(folder)
    async with open_bus(await first.start(), program="test") as bus:
        heard = await bus.client.subscribe("news")
        assert first.pid is not None
        os.kill(first.pid, signal.SIGKILL)
        await first.stop()
        await second.start()
        async with asyncio.timeout(20):
            while not bus.client.is_connected:
                await asyncio.sleep(0.02)
        await bus.client.publish("news", b"again")

        assert (await heard.next_msg(timeout=10)).data == b"again"
    await second.stop()
