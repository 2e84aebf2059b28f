"""
One simulated world: chains, endpoints, a database, processes that index, and those who watch them.

    seed ─► Blueprint ─► World ─► acts of the schedule ─► calm ─► everything is compared

The blueprint is all that is drawn before the world begins; what is drawn later comes from dice of its own, so that one
more question of an endpoint does not change what the schedule does next.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from models.values import Chain, ProofLevel
from tests.simulation import indexing
from tests.simulation.blockchain import Blockchain
from tests.simulation.blueprint import Blueprint, ChainPlan
from tests.simulation.database import Database, SimulatedConnection
from tests.simulation.endpoint import Network, SimulatedEndpoint
from tests.simulation.processes import Process
from tests.simulation.trace import Trace
from tests.simulation.watching import FeedReader, Guard

LOOK_SECONDS: Final = 0.37
RESTART_SECONDS: Final = 1.5

Checkpoints = dict[Chain, tuple[int, bytes, int, str | None]]
"""Number, hash, state through and pause of each chain's checkpoint."""
Errand = Callable[[SimulatedConnection], Awaitable[object]]
"""Something to do in the database, by somebody who is no indexer."""


@dataclass(slots=True)
class Counts:
    """How much happened in a run."""

    acts: dict[str, int] = field(default_factory=dict)

    def add(self, act: str) -> None:
        """Count one more."""
        self.acts[act] = self.acts.get(act, 0) + 1


class World:
    """Everything that takes part in a run. Use inside a virtual loop."""

    def __init__(self, blueprint: Blueprint, database: Database, *, say: Callable[[str], None] | None) -> None:
        loop = asyncio.get_running_loop()
        self.blueprint = blueprint
        self.clock = loop.time
        self.trace = Trace(self.clock, say)
        self.dice = Random(f"{blueprint.seed}/schedule")
        self.counts = Counts()
        self.database = database
        database.clock = self.clock
        self.chains: dict[Chain, Blockchain] = {}
        self.endpoints: dict[Chain, list[SimulatedEndpoint]] = {}
        self.processes: list[Process] = []
        self.errands: list[Errand] = []
        self.damaged: set[Chain] = set()
        self.is_calm = False
        self.mines = True
        for plan in blueprint.chains:
            self._found(plan.chain)
        self.network = Network([each for endpoints in self.endpoints.values() for each in endpoints])
        self.feed_reader = FeedReader()
        self.guard = Guard([] if blueprint.beyond_finality else list(self.chains.values()))
        self._born = 0

    def birth(self) -> Process:
        """Start another process on the same chains."""
        self._born += 1
        process = Process(f"indexer-{self._born}", self._program, self.database, self.network, self.trace)
        self.processes.append(process)
        self.trace.act(f"{process.name} starts")
        return process

    async def mining(self, chain: Blockchain) -> None:
        """Let a chain grow at its pace."""
        while True:
            await asyncio.sleep(chain.interval_ms / 1000)
            if self.mines:
                chain.mine(self.clock())

    async def watching(self) -> None:
        """Look at the tables again and again."""
        while True:
            await asyncio.sleep(LOOK_SECONDS if not self.is_calm else 10 * LOOK_SECONDS)
            async with self.database.connection() as connection:
                await self.feed_reader.look(connection)
                await self.guard.look(connection)
                while self.errands:
                    await self.errands[0](connection)
                    del self.errands[0]

    async def caring(self) -> None:
        """Start a process again some time after one ended; raise what it ended with where that is a bug."""
        while True:
            await asyncio.sleep(RESTART_SECONDS)
            for process in [each for each in self.processes if not each.is_alive]:
                if process.failure is not None:
                    raise process.failure
                self.processes.remove(process)
            if not self.processes:
                self.birth()

    async def checkpoints(self) -> Checkpoints:
        """Return where our copies stand."""
        async with self.database.connection() as connection:
            rows = await connection.execute(
                "select chain, number, hash, state_through, paused_reason from checkpoints order by chain"
            )
            return {Chain(row[0]): (row[1], row[2], row[3], row[4]) async for row in rows}

    def level_of(self, chain: Blockchain) -> ProofLevel:
        """Return how the history of a chain is proven."""
        return next(plan.history_proof for plan in self.blueprint.chains if plan.chain is chain.chain)

    def _found(self, name: Chain) -> None:
        plan = next(each for each in self.blueprint.chains if each.chain is name)
        chain = self._chain(
            plan,
            contract=plan.followed.contract,
            first=plan.followed.start_block - 1,
            finality_lag=plan.finality_lag,
            has_milliseconds=plan.has_milliseconds,
            dice=Random(f"{self.blueprint.seed}/{name}"),
        )
        self.chains[name] = chain
        self.endpoints[name] = [
            self._endpoint(
                each.name,
                chain,
                traits=each.traits,
                drops_in=each.drops_in,
                levels={"range": plan.history_proof, "hash": plan.head_proof},
                dice=Random(f"{self.blueprint.seed}/{each.name}"),
                trace=self.trace,
            )
            for each in plan.endpoints
        ]
        for age in range(plan.history, 0, -1):
            chain.mine(-age * chain.interval_ms / 1000)

    def _chain(self, plan: ChainPlan, **place: Any) -> Blockchain:
        """Return a chain with its first block."""
        return Blockchain(plan.chain, **place)

    def _endpoint(self, name: str, chain: Blockchain, **nature: Any) -> SimulatedEndpoint:
        """Return an endpoint of a chain."""
        return SimulatedEndpoint(name, chain, **nature)

    async def _program(self, process: Process) -> None:
        await indexing.run_indexer(
            process.pool, process.transport, self.blueprint.settings, clock=self.clock, stop=process.stopping
        )
