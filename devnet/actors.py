"""
A small living world on two chains: providers who beat and claim, renters who create jobs and confirm them.

Actors use what anybody could use: contract calls and logs. They remember nothing between runs, so a world that was
stopped goes on when it is run again. Chains and contracts are there before: see `deploy`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

import structlog

from chain.connection import Connection
from chain.contracts import JobManager, NodeReputation
from chain.errors import RpcError
from chain.rpc import Rpc
from chain.wallet import Wallet
from devnet.accounts import PROVIDERS, RENTERS, private_key
from devnet.board import Board
from devnet.deploy import Contracts
from devnet.errands import Delays, Errands
from devnet.providers import CARDS, Provider
from devnet.renters import Demand, Renter

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How lively the world is."""

    job_seconds: float = 2.0
    """The time between two new jobs."""
    confirm_seconds: float = 4.0
    claim_seconds: float = 2.0
    beat_seconds: float = 5.0
    """The time between two heartbeats of one provider."""
    look_seconds: float = 0.5
    """The time between two looks at what is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where the world is and how it runs."""

    bsc_url: str
    opbnb_url: str
    contracts: Contracts
    pace: Pace = field(default_factory=Pace)
    seed: int = 0


async def run(world: World, stop: asyncio.Event) -> None:
    """Keep the world alive until told to stop."""
    async with Connection(world.bsc_url) as bsc, Connection(world.opbnb_url) as opbnb, Rpc([world.bsc_url]) as rpc:
        jobs = JobManager(bsc, world.contracts.job_manager.address)
        reputation = NodeReputation(opbnb, world.contracts.node_reputation.address)
        renters, providers = hire_renters(jobs), hire_providers(jobs, reputation)
        demand = Demand(jobs, renters=renters, providers=[each.address for each in providers], seed=world.seed)
        errands = Errands(
            Board(rpc, contract=jobs.address, first_block=world.contracts.job_manager.block),
            renters={each.address: each for each in renters},
            providers={each.address: each for each in providers},
            delays=Delays(confirm_seconds=world.pace.confirm_seconds, claim_seconds=world.pace.claim_seconds),
            dice=Random(world.seed),
        )
        await live(
            stop,
            repeat(demand.step, every=world.pace.job_seconds),
            repeat(errands.step, every=world.pace.look_seconds),
            *(repeat(each.step, every=world.pace.beat_seconds) for each in providers),
        )


def hire_renters(jobs: JobManager) -> list[Renter]:
    """Return the renters."""
    return [Renter(jobs=jobs, wallet=Wallet(jobs.connection, private_key(index))) for index in RENTERS]


def hire_providers(jobs: JobManager, reputation: NodeReputation) -> list[Provider]:
    """Return the providers, each with a card of another kind."""
    return [
        Provider(
            card=card,
            reputation=reputation,
            jobs=jobs,
            on_opbnb=Wallet(reputation.connection, private_key(index)),
            on_bsc=Wallet(jobs.connection, private_key(index)),
        )
        for index, card in zip(PROVIDERS, CARDS, strict=True)
    ]


async def live(stop: asyncio.Event, *lives: Coroutine[Any, Any, None]) -> None:
    """Live these lives side by side until told to stop. An error that nobody expected ends them all."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(life) for life in lives]
        await stop.wait()
        for task in tasks:
            task.cancel()


async def repeat(step: Callable[[], Awaitable[None]], *, every: float) -> None:
    """Take a step again and again. A step that fails at the endpoint is told and left: the next one makes up for it."""
    while True:
        try:
            await step()
        except RpcError as error:
            logger.warning("world.stumbled", reason=str(error))
        await asyncio.sleep(every)
