"""
Run everything with one command: Postgres, NATS, two local chains with contracts, our programs and a world of actors.

    data folder/lock         one run at a time
    data folder/postgres/    the embedded server, unless DATABASE_URL names another
    data folder/world.json   which world this is, and whether it was stopped in order
    data folder/worlds/      its chains, and the messages on its NATS
    data folder/logs/        what the programs say
    data folder/prometheus.json    where they tell their metrics

Things start in the order in which they need each other and stop in the reverse order, whichever way the run ends; the
record of the world comes last. The programs are those that `lamda index`, `react`, `serve` and `devnet` run alone:
they are told where everything is through the settings, and never call each other. Secrets go only to whom they are for.
"""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import migrations
from devnet.accounts import DEPLOYER, private_key
from devnet.local_world import LocalWorld
from devnet.world import DATABASE_PREFIX, Begin
from lamda import targets
from lamda.announcer import Announcer
from lamda.buses import NATS
from lamda.databases import POSTGRES
from lamda.keeper import Keeper
from lamda.readiness import wait_until_ready
from runtime.data_folder import DataFolder
from runtime.database import shown
from runtime.embedded_nats import EmbeddedNats
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.ports import LOOPBACK, ensure_free, free_port
from runtime.processes import Program, ServerFailed
from runtime.race import race
from runtime.settings import ApiSettings, CommonSettings

READY_SECONDS = 60.0
EVERYWHERE = {"0.0.0.0", "::"}

PROGRAMS = {"indexer": ("index",), "reactor": ("react",), "API": ("serve",), "actors": ("devnet",)}
"""The programs in the order of their start, and how `lamda` is asked for each."""


class Up:
    """One run of everything."""

    def __init__(
        self,
        data: Path,
        common: CommonSettings,
        api: ApiSettings,
        announcer: Announcer,
        *,
        forget_others: bool = False,
    ) -> None:
        self._data = data.resolve()
        self._common = common
        self._api = api
        self._announcer = announcer
        self._forget_others = forget_others
        self._stack = AsyncExitStack()
        self._metrics_ports: Mapping[str, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Run everything until told to stop, then stop everything in order."""
        with DataFolder(self._data):
            ensure_free(self._api.api_host, self._api.api_port, "API_PORT")
            try:
                await race(_until(stop), self._live())
            finally:
                self._announcer.doing(f"stopping {', '.join(reversed(PROGRAMS))}, chains, NATS, Postgres")
                await self._stack.aclose()

    async def _live(self) -> None:
        world = self._open_world()
        server, database_url = await self._open_database(world.world.database)
        bus = EmbeddedNats(world.folder(NATS))
        self._stack.push_async_callback(bus.stop)
        await bus.start()
        self._announcer.done(f"embedded NATS at {bus.address}")
        self._stack.push_async_callback(world.stop)
        await world.start()
        for chain in (world.bsc, world.opbnb):
            self._announcer.done(f"local {chain.flavour.name}, chain id {chain.flavour.chain_id}, at {chain.url}")
        kept = [self._keep(each) for each in (bus, server) if each is not None]
        await race(world.watch(), *kept, self._run_programs(world, bus, database_url))

    async def _run_programs(self, world: LocalWorld, bus: EmbeddedNats, database_url: str) -> None:
        _, revision = await asyncio.to_thread(migrations.upgrade, database_url)
        self._announcer.done(f"schema is at {revision}")
        self._metrics_ports = {"indexer": free_port(), "reactor": free_port()}
        keepers = await self._start_programs(self._settings(world, bus, database_url))
        # Until all is well, a program that ends has a reason that another start will not mend.
        await race(*(keeper.child.watch() for keeper in keepers), self._wait_until_ready())
        targets.write(self._data, self._targets)
        self._announcer.panel("Lamda Network", self._addresses(world, bus, database_url))
        await race(*(keeper.keep() for keeper in keepers))

    def _open_world(self) -> LocalWorld:
        world = LocalWorld(self._data)
        # Pushed first, so done last.
        self._stack.callback(self._seal, world)
        match world.decision:
            case Begin(why=""):
                self._announcer.done(f"new world {world.world.id}")
            case Begin(why=why):
                self._announcer.warn(f"NEW WORLD {world.world.id}: {why}. It has new chains and a database of its own.")
            case _:
                self._announcer.done(f"going on with world {world.world.id}")
        return world

    def _seal(self, world: LocalWorld) -> None:
        if world.seal():
            self._announcer.done(f"stopped; the next run goes on with world {world.world.id}")
        else:
            self._announcer.warn("stopped, but the chains were not written out: the next run begins a new world")

    async def _open_database(self, name: str) -> tuple[EmbeddedPostgres | None, str]:
        if self._common.database_url is not None:
            self._announcer.done(f"Postgres at {shown(self._common.database_url)}, as DATABASE_URL says")
            return None, self._common.database_url
        server = EmbeddedPostgres(self._data / POSTGRES)
        self._stack.push_async_callback(server.stop)
        await server.start()
        url = await server.create_database(name)
        self._announcer.done(f"embedded Postgres, database {shown(url)}")
        await self._tidy_databases(server, current=name)
        return server, url

    async def _tidy_databases(self, server: EmbeddedPostgres, *, current: str) -> None:
        others = [name for name in await server.databases(DATABASE_PREFIX) if name != current]
        if self._forget_others:
            for name in others:
                await server.drop_database(name)
                self._announcer.done(f"deleted {name}, the database of an earlier world")
        elif others:
            self._announcer.doing(f"kept {', '.join(others)}: databases of earlier worlds; --forget deletes them")

    def _settings(self, world: LocalWorld, bus: EmbeddedNats, database_url: str) -> Mapping[str, Mapping[str, str]]:
        """Return what each program is told."""
        chains = {"DATABASE_URL": database_url, **world.settings()}
        ours = {"NATS_URL": bus.url}
        door = {"NATS_CALLOUT_SEED": bus.callout_seed, "NATS_SYSTEM_URL": bus.system_url}
        signing = {**door, "ADMIN_WALLET_PRIVATE_KEY": private_key(DEPLOYER).hex()}
        told = {name: {"METRICS_PORT": str(port)} for name, port in self._metrics_ports.items()}
        return {
            "indexer": {**chains, **told["indexer"]},
            "reactor": {**chains, **ours, **signing, **told["reactor"]},
            "API": {**chains, **ours, **self._explorers(), "NATS_PUBLIC_URL": f"nats://{bus.address}"},
            "actors": {**world.settings(), "API_URL": self._api_url},
        }

    def _explorers(self) -> Mapping[str, str]:
        """Return where to look local chains up: the explorers that are known for their ids do not have them."""
        return {
            "BSC_EXPLORER_URL": self._api.bsc_explorer_url or "none",
            "OPBNB_EXPLORER_URL": self._api.opbnb_explorer_url or "none",
        }

    async def _keep(self, server: EmbeddedNats | EmbeddedPostgres) -> None:
        """Start a server again each time it dies: what it had acknowledged is on disk. Never return."""
        while True:
            try:
                await server.watch()
            except ServerFailed as failure:
                self._announcer.warn(f"{failure}\nstarting it again")
                await server.stop()
                await server.start()

    async def _start_programs(self, settings: Mapping[str, Mapping[str, str]]) -> list[Keeper]:
        keepers = []
        for name, words in PROGRAMS.items():
            program = Program(
                name=name,
                command=(sys.executable, "-m", "lamda", *words),
                log=self._data / "logs" / f"{name.lower()}.log",
                environment=settings[name],
            )
            keepers.append(keeper := Keeper(program, self._announcer))
            self._stack.push_async_callback(keeper.stop)
            await keeper.start()
        self._announcer.doing(f"starting {', '.join(PROGRAMS)}")
        return keepers

    async def _wait_until_ready(self) -> None:
        trouble = await wait_until_ready(self._api_url, within_seconds=READY_SECONDS)
        if trouble:
            self._announcer.warn(f"after {READY_SECONDS:g} s the API is not ready: {trouble}")

    @property
    def _api_url(self) -> str:
        host = LOOPBACK if self._api.api_host in EVERYWHERE else self._api.api_host
        return f"http://{host}:{self._api.api_port}"

    @property
    def _targets(self) -> Mapping[str, str]:
        ours = {name: f"{LOOPBACK}:{port}" for name, port in self._metrics_ports.items()}
        return {"api": self._api_url.removeprefix("http://"), **ours}

    def _addresses(self, world: LocalWorld, bus: EmbeddedNats, database_url: str) -> Mapping[str, str]:
        settings = world.settings()
        return {
            "Dashboard": self._api_url,
            "GraphiQL": f"{self._api_url}/graphql",
            "API": f"POST {self._api_url}/graphql, ws://… for subscriptions",
            "Health": f"{self._api_url}/ready",
            "BSC": f"{world.bsc.url}, JobManager at {settings['JOB_MANAGER_CONTRACT_ADDRESS']}",
            "opBNB": f"{world.opbnb.url}, NodeReputation at {settings['NODE_REPUTATION_CONTRACT_ADDRESS']}",
            "Postgres": shown(database_url),
            "NATS": f"nats://{bus.address}",
            "Metrics": ", ".join(f"http://{each}/metrics" for each in self._targets.values()),
            "Logs": str(self._data / "logs"),
            "Stop": "Ctrl-C; the next run goes on from here",
        }


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()
