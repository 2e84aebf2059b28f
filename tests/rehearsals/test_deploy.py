"""The page of a deploy with compose, but for Docker: each program runs with what its container would be given."""

import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from devnet.accounts import DEPLOYER, private_key
from models.values import checksum_address
from runtime.embedded_nats import find_binary
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.ports import free_port
from tests.architecture.source import ROOT
from tests.effects.marketplace import Marketplace, until
from tests.integration.lamda.commands import settings_of
from tests.rehearsals.compose import SERVICES, given_to, variables
from tests.rehearsals.page import Page, environment
from tests.rehearsals.typed import Typed

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

PAGE = "docs/operations/deploy.md"
PASSWORD = "a-password"
BY_DOCKER = {
    "docker compose build",
    "docker compose run --rm reactor doctor",
    "docker compose up --detach",
    "docker compose ps",
    "docker compose run --rm indexer status --watch",
}
"""What a container is made and run by; what runs in it is run here."""

BY_THE_IMAGE = {"lamda migrate", "lamda index", "lamda serve", "lamda react"}
"""What the image's door makes of the words in `compose.yaml`."""

IN_A_CHECKOUT = {"make test-long", "make image-lint"}
"""What is played in `test_newcomer.py`, or is the tests themselves."""
KEY_FILE = Path("secrets/admin_wallet_private_key")


async def test_what_the_page_has_filled_in_is_what_the_programs_need(
    marketplace: Marketplace, own_postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    """From an example that is copied to programs that are healthy, by the page alone."""
    folder = _files_of_the_project(tmp_path / "project")
    page = Page(PAGE, {}, folder)
    await page.run("cp .env.example .env")
    await page.run("mkdir secrets")
    keys = await page.run("lamda agents key")
    _fill_in(folder / ".env", keys, marketplace)
    (folder / KEY_FILE).write_text(private_key(DEPLOYER).hex())
    (folder / KEY_FILE).chmod(0o400)
    await own_postgres.create_database("lamda")
    async with _nats(folder / ".env", tmp_path / "nats-server") as port:
        container = Containers(folder / ".env", tmp_path / "home", _elsewhere(own_postgres, port, folder))
        assert "was at none" in await container.run("migrate", "migrate")
        said = await container.run("reactor", "doctor")
        assert "nothing is wrong" in said
        assert re.search(r"^wallet +✓", said, re.MULTILINE), said
        assert re.search(r"^bus +✓", said, re.MULTILINE), said
        async with container.up("indexer", "api", "reactor"):
            async with container.running("indexer", "status --watch") as screen:
                await screen.says("in use")
            (folder / KEY_FILE).unlink()
            assert "✗ " in await container.run("reactor", "doctor", code=1)

    assert set(page.left) == BY_DOCKER | BY_THE_IMAGE | IN_A_CHECKOUT


class Containers:
    """Runs what containers would, in an empty folder: each with the settings that compose would give it."""

    def __init__(self, env_file: Path, home: Path, elsewhere: Mapping[str, str]) -> None:
        self._env_file = env_file
        self._home = home
        self._elsewhere = elsewhere
        self._metrics_ports: dict[str, str] = {}
        home.mkdir()

    async def run(self, service: str, words: str, *, code: int = 0) -> str:
        """Run a container to its end, and return what it said."""
        async with self.running(service, words) as typed:
            return await typed.ends(code)

    @asynccontextmanager
    async def running(self, service: str, words: str) -> AsyncIterator[Typed]:
        """Run a container with other words than its own."""
        typed = await Typed.start(f"lamda {words}", self._environment(service), self._home)
        try:
            yield typed
        finally:
            await typed.kill()

    @asynccontextmanager
    async def up(self, *services: str) -> AsyncIterator[None]:
        """Run services with their own words until the block ends, which begins when all are healthy."""
        async with AsyncExitStack() as stack:
            started = [
                await stack.enter_async_context(self.running(service, " ".join(SERVICES[service]["command"])))
                for service in services
            ]
            for service in services:
                await until(partial(self._is_healthy, service), within=60, what=f"{service} is healthy")
            yield
            for typed in started:
                typed.press_ctrl_c()
                await typed.ends()

    async def _is_healthy(self, service: str) -> bool:
        typed = await Typed.start("python -m lamda.alive", self._environment(service), self._home)
        return await typed.exit_code() == 0

    def _environment(self, service: str) -> dict[str, str]:
        # All containers of ours have one network here, so each needs a port of its own.
        port = self._metrics_ports.setdefault(service, str(free_port()))
        given = given_to(service, self._env_file, self._elsewhere)
        ours = {"METRICS_PORT": port} if "METRICS_PORT" in given else {}
        return environment({**given, **ours, "HOME": str(self._home)}, self._home)


def _files_of_the_project(folder: Path) -> Path:
    folder.mkdir()
    for name in (".env.example", "compose.yaml"):
        shutil.copy2(ROOT / name, folder / name)
    return folder


def _fill_in(env_file: Path, keys: str, marketplace: Marketplace) -> None:
    """Fill in what the page says, as it says it."""
    seed, issuer = re.findall(r"\bS?A[A-Z0-9]{50,}", keys)
    settings = settings_of(marketplace.world, "")
    del settings["DATABASE_URL"]
    settings |= {
        "SIGN_IN_DOMAINS": "app.example.com",
        "ADMIN_ADDRESSES": checksum_address(marketplace.market.provider(1)),
        "API_PORT": str(free_port()),
        **dict.fromkeys(("POSTGRES_PASSWORD", "NATS_PASSWORD", "NATS_SYSTEM_PASSWORD"), PASSWORD),
        "NATS_CALLOUT_SEED": seed,
        "NATS_CALLOUT_ISSUER": issuer,
    }
    text = env_file.read_text(encoding="utf-8")
    for name, value in settings.items():
        text, count = re.subn(rf"^(# )?{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        text += "" if count else f"{name}={value}\n"
    env_file.write_text(text, encoding="utf-8")


def _elsewhere(server: EmbeddedPostgres, nats_port: int, folder: Path) -> Mapping[str, str]:
    """Return where here is what the network of compose has by name."""
    return {
        f"lamda:{PASSWORD}@postgres:5432": urlsplit(server.url("lamda")).netloc,
        "@nats:4222": f"@127.0.0.1:{nats_port}",
        "/run/secrets/admin_wallet_private_key": str(folder / KEY_FILE),
        "0.0.0.0": "127.0.0.1",
    }


@asynccontextmanager
async def _nats(env_file: Path, folder: Path) -> AsyncIterator[int]:
    """Run a NATS on `deploy/nats.conf`, and return its port."""
    port = _nats_configured(folder)
    typed = await Typed.start(f"{find_binary()} --config nats.conf", environment(variables(env_file), folder), folder)
    try:
        await typed.says("Server is ready")
        yield port
    finally:
        await typed.kill()


def _nats_configured(folder: Path) -> int:
    """Write the project's configuration with a port and a folder that are free here, and return the port."""
    port = free_port()
    text = (ROOT / "deploy" / "nats.conf").read_text(encoding="utf-8")
    ours = text.replace("4222", str(port)).replace("8222", str(free_port())).replace("/data", str(folder / "data"))
    folder.mkdir()
    (folder / "nats.conf").write_text(ours)
    return port
