"""
A world with reactors: beside what every world has, accounts on opBNB, jobs on BSC, a bus, agents, and renters.

Indexers and reactors are processes of the same kind; all that may happen to the one may happen to the other.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial
from random import Random
from typing import Any, Final, cast

from chain.signer import KeySigner, Transaction
from dispatch.credit_values import Limits
from models.values import ZERO_ADDRESS, Chain, Fees
from tests.simulation.blockchain import Blockchain
from tests.simulation.blueprint import CHAIN_IDS, ChainPlan
from tests.simulation.database import Database, SimulatedPool
from tests.simulation.effects import reacting
from tests.simulation.effects.account_chain import AccountChain
from tests.simulation.effects.account_endpoint import AccountEndpoint
from tests.simulation.effects.agents import Agent
from tests.simulation.effects.bus import Bus
from tests.simulation.effects.bus_client import BusClient
from tests.simulation.effects.job_chain import JobChain
from tests.simulation.effects.petitioners import Petitioners
from tests.simulation.effects.plans import EffectsPlan
from tests.simulation.effects.renters import Renters
from tests.simulation.effects.transactions import INCREMENT_JOBS, decode
from tests.simulation.effects.watchman import Watchman
from tests.simulation.endpoint import SimulatedEndpoint
from tests.simulation.processes import Process
from tests.simulation.watching import FeedReader, Guard
from tests.simulation.world import LOOK_SECONDS, RESTART_SECONDS, World

EXPECTED_BLOCKS: Final = 50
PAST_BLOCKS: Final = 20
PAST_MAX: Final = 8


class EffectsWorld(World):
    """Everything that takes part in a run with reactors. Use inside a virtual loop."""

    def __init__(self, plan: EffectsPlan, database: Database, *, say: Callable[[str], None] | None) -> None:
        self.plan = plan
        self.signer = KeySigner(plan.key)
        self._reactors_born = 0
        self.watchman = Watchman(database)
        self.backup_is_coming = False
        self.restores = 0
        self.past: Counter[bytes] = Counter()
        self.former: set[bytes] = set()
        self.check: Callable[[], Awaitable[None]] = _nothing
        super().__init__(plan.world, database, say=say)
        self.bus = Bus(self.clock, Random(f"{plan.world.seed}/bus"), self.trace)
        self.people = SimulatedPool(database, on_death=lambda: None)
        self.renters = Renters(cast("Any", self.people), self.clock, Random(f"{plan.world.seed}/renters"))
        self.petitioners = Petitioners(
            cast("Any", self.people), Random(f"{plan.world.seed}/retries"), is_over=lambda: self.is_calm
        )
        self._tokens = Random(f"{plan.world.seed}/tokens")
        self.agents = [self._agent(provider) for provider in plan.providers]
        self.jobs.on_created = self.renters.hear
        for created in self.jobs.all_created():
            self.renters.hear(created)

    @property
    def jobs(self) -> JobChain:
        """BSC."""
        chain = self.chains[Chain.BSC]
        assert isinstance(chain, JobChain)
        return chain

    @property
    def accounts(self) -> AccountChain:
        """OpBNB."""
        chain = self.chains[Chain.OPBNB]
        assert isinstance(chain, AccountChain)
        return chain

    @property
    def last_eventful(self) -> int:
        """The newest block of BSC in which something of ours happened."""
        blocks = (block.number for block in reversed(self.jobs.canonical) if any(log.event for log in block.logs))
        return next(blocks, 0)

    @property
    def reactors(self) -> list[Process]:
        """The processes that react."""
        return [process for process in self.processes if process.name.startswith("reactor")]

    @property
    def indexers(self) -> list[Process]:
        """The processes that index."""
        return [process for process in self.processes if process.name.startswith("indexer")]

    def birth_reactor(self) -> Process:
        """Start another reactor."""
        self._reactors_born += 1
        process = Process(
            f"reactor-{self._reactors_born}", self._react, self.database, self.network, self.trace, outlived=True
        )
        self.processes.append(process)
        self.trace.act(f"{process.name} starts")
        return process

    async def caring(self) -> None:
        while True:
            await asyncio.sleep(RESTART_SECONDS)
            for process in [each for each in self.processes if not each.is_alive]:
                if process.failure is not None:
                    raise process.failure
                self.processes.remove(process)
            if not self.indexers:
                self.birth()
            if not self.reactors:
                self.birth_reactor()

    def client(self, process: Process | None = None) -> BusClient:
        """Return a connection to the bus, of a process or of somebody else."""
        if process is None:
            return BusClient(self.bus, copy_context(), lambda: False, lambda: None)
        return BusClient(self.bus, process.outside, lambda: process.is_dead, process.called)

    async def watching(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS if not self.is_calm else 10 * LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Raise `Differs` when something is wrong as of now; run errands."""
        async with self.database.connection() as connection:
            await self.feed_reader.look(connection)
            await self.guard.look(connection)
            while self.errands:
                await self.errands[0](connection)
                del self.errands[0]
        await self.watchman.look()
        await self.check()

    def restore_backup(self) -> None:
        """End every program, and put the database back as it was saved."""
        self.backup_is_coming = False
        if self.is_calm:
            return
        for process in self.processes:
            process.kill()
        self.watchman.look_last()
        self.database.restore()
        self.restores += 1
        self.feed_reader = FeedReader()
        self.guard = Guard(list(self.chains.values()))
        self.renters.hand_in_again()
        self.trace.act("the backup is restored")

    def totals(self) -> dict[str, int]:
        """Return how much was done."""
        return {
            "jobs": len(self.jobs.jobs(self.jobs.head).created),
            "credits": sum(self.accounts.accounts.counts.values()),
            "reverted": self._mined(succeeded=False),
            "released": self._mined(succeeded=True) - sum(self.accounts.accounts.counts.values()),
            "transactions sent": self.watchman.arrivals,
            "runs": sum(len(agent.runs) for agent in self.agents),
            "retries": self.petitioners.asked.total(),
            "messages": sum(sum(agent.came.values()) for agent in self.agents),
        }

    def _mined(self, *, succeeded: bool) -> int:
        blocks = self.accounts.canonical
        return sum(each.succeeded is succeeded for block in blocks for each in self.accounts.ledger(block).mined)

    async def _react(self, process: Process) -> None:
        await reacting.run_reactor(
            process, self.client(process), self._reaction(), clock=self.clock, new_token=self._token
        )

    def _reaction(self) -> reacting.Reaction:
        urls = {chain: [each.url for each in endpoints] for chain, endpoints in self.endpoints.items()}
        return reacting.Reaction(
            bsc_urls=urls[Chain.BSC],
            opbnb_urls=urls[Chain.OPBNB],
            bsc_id=CHAIN_IDS[Chain.BSC],
            opbnb_id=CHAIN_IDS[Chain.OPBNB],
            job_manager=self.jobs.contract,
            reputation=self.accounts.contract,
            signer=self.signer,
            limits=Limits(fee_max_wei=self.plan.fee_max_wei),
        )

    def _token(self) -> str:
        return self._tokens.randbytes(12).hex()

    def _agent(self, provider: bytes) -> Agent:
        return Agent(
            provider,
            self.client(),
            sign_in=partial(reacting.sign_in, self.client(), self.people),
            clock=self.clock,
            dice=Random(f"{self.blueprint.seed}/{provider.hex()}"),
        )

    def _chain(self, plan: ChainPlan, **place: Any) -> Blockchain:
        seed = self.blueprint.seed
        if plan.chain is Chain.BSC:
            return JobChain(
                plan.chain,
                providers=(*self.plan.providers, *self.plan.deaf),
                jobs_dice=Random(f"{seed}/jobs"),
                blocks_expected=plan.history + EXPECTED_BLOCKS,
                **place,
            )
        chain = AccountChain(plan.chain, owner=self.signer.address, accounts_dice=Random(f"{seed}/accounts"), **place)
        if self.plan.has_past and plan.history > plan.finality_lag + PAST_BLOCKS:
            self._credit_the_past(chain)
        return chain

    def _credit_the_past(self, chain: AccountChain) -> None:
        """Let a former backend have credited some of the jobs that are confirmed finally, before anything was mined."""
        final = self.jobs.jobs(self.jobs.canonical[self.jobs.finalized - self.jobs.canonical[0].number])
        providers = [final.created[job_id].provider for job_id in final.confirmed_in]
        credited = [provider for provider in providers if provider != ZERO_ADDRESS][: self.dice.randint(1, PAST_MAX)]
        for nonce, provider in enumerate(credited):
            transaction = Transaction(
                chain_id=CHAIN_IDS[Chain.OPBNB],
                nonce=nonce,
                to=chain.contract,
                data=INCREMENT_JOBS + provider.rjust(32, b"\0"),
                gas=100_000,
                fees=Fees(max_wei=10_000, priority_wei=2_000),
            )
            signed = self.signer.sign(transaction)
            chain.sequencer.put_back(decode(signed.raw))
            self.former.add(signed.hash)
            self.past[provider] += 1

    def _endpoint(self, name: str, chain: Blockchain, **nature: Any) -> SimulatedEndpoint:
        if not isinstance(chain, AccountChain):
            return super()._endpoint(name, chain, **nature)
        character = self.plan.characters[name]
        return AccountEndpoint(name, chain, character=character, witness=self.watchman.saw, **nature)


async def _nothing() -> None:
    """Find nothing wrong."""
