"""
A small living world on two chains: providers who beat and claim, renters who create jobs and confirm them.

With an API there is the off-chain half too: renters hand in what to run, and agents run it.

Actors use what anybody could use: contract calls, logs, the API, and NATS with a credential. They remember nothing
between runs, so a world that was stopped goes on when it is run again. Chains and contracts are there before: see
`deploy`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any

from chain.connection import Connection
from chain.contracts import JobManager, NodeReputation
from chain.errors import RpcError
from chain.rpc import Rpc
from chain.wallet import Wallet
from devnet.accounts import PROVIDERS, RENTERS, private_key
from devnet.agent_line import LineDown
from devnet.agents import Agent
from devnet.api_client import Api, ApiError
from devnet.board import Board
from devnet.complaints import Complaints
from devnet.deploy import Contracts
from devnet.desk import Desk
from devnet.errands import Delays, Errands
from devnet.member import Member
from devnet.providers import CARDS, Provider
from devnet.renters import Demand, Renter
from runtime.lifecycle import heed_cancellation

Life = tuple[Callable[[], Awaitable[None]], float]
"""A step that is taken again and again, and the seconds between."""


"""How long after a stop whoever still lives is told once more."""


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
    run_seconds: float = 1.5
    """What an agent takes for a job."""
    return_seconds: float = 1.0
    """The time after which an agent that was cut off comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where the world is and how it runs."""

    bsc_url: str
    opbnb_url: str
    contracts: Contracts
    pace: Pace = field(default_factory=Pace)
    seed: int = 0
    api_url: str | None = None
    bsc_chain_id: int = 56


async def run(world: World, stop: asyncio.Event) -> None:
    """Keep the world alive until told to stop."""
    complaints = Complaints()
    async with AsyncExitStack() as stack:
        lives = await _open(world, stack)
        await live(stop, *(repeat(step, every=seconds, complaints=complaints) for step, seconds in lives))


async def _open(world: World, stack: AsyncExitStack) -> list[Life]:
    """Return what everybody does again and again, with what they need for it open."""
    bsc = await stack.enter_async_context(Connection(world.bsc_url))
    opbnb = await stack.enter_async_context(Connection(world.opbnb_url))
    rpc = await stack.enter_async_context(Rpc([world.bsc_url]))
    api = await stack.enter_async_context(Api(world.api_url)) if world.api_url else None
    jobs = JobManager(bsc, world.contracts.job_manager.address)
    providers = hire_providers(jobs, NodeReputation(opbnb, world.contracts.node_reputation.address))
    renters = hire_renters(jobs, api, chain_id=world.bsc_chain_id)
    demand = Demand(jobs, renters=renters, providers=[each.address for each in providers], seed=world.seed)
    board = Board(rpc, contract=jobs.address, first_block=world.contracts.job_manager.block)
    errands = hire_errands(world, board, renters, providers)
    agents = hire_agents(world, api) if api else []
    pace = world.pace
    return [
        (demand.step, pace.job_seconds),
        (errands.step, pace.look_seconds),
        *((each.step, pace.beat_seconds) for each in providers),
        *((each.desk.step, pace.look_seconds) for each in renters if each.desk),
        *((each.serve, pace.return_seconds) for each in agents),
    ]


def hire_renters(jobs: JobManager, api: Api | None, *, chain_id: int) -> list[Renter]:
    """Return the renters, each with a desk where there is an API."""
    return [
        Renter(
            jobs=jobs,
            wallet=Wallet(jobs.connection, private_key(index)),
            desk=Desk(Member(api, private_key(index), chain_id=chain_id)) if api else None,
        )
        for index in RENTERS
    ]


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


def hire_agents(world: World, api: Api) -> list[Agent]:
    """Return the agents, one for each provider."""
    return [
        Agent(
            Member(api, private_key(index), chain_id=world.bsc_chain_id),
            run_seconds=world.pace.run_seconds,
            seed=world.seed,
        )
        for index in PROVIDERS
    ]


def hire_errands(world: World, board: Board, renters: Sequence[Renter], providers: Sequence[Provider]) -> Errands:
    """Return who sees to it that jobs on the board go on."""
    return Errands(
        board,
        renters={each.address: each for each in renters},
        providers={each.address: each for each in providers},
        delays=Delays(confirm_seconds=world.pace.confirm_seconds, claim_seconds=world.pace.claim_seconds),
        dice=Random(world.seed),
    )


async def live(stop: asyncio.Event, *lives: Coroutine[Any, Any, None]) -> None:
    """Live these lives side by side until told to stop. An error that nobody expected ends them all."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(life) for life in lives]
        await stop.wait()
        for task in tasks:
            task.cancel()


async def repeat(step: Callable[[], Awaitable[None]], *, every: float, complaints: Complaints) -> None:
    """Take a step again and again. One that an endpoint, the API or NATS spoils is told and left: the next makes up."""
    while True:
        try:
            await step()
        except (RpcError, ApiError, LineDown) as error:
            complaints.complain(str(error))
        heed_cancellation()
        await asyncio.sleep(every)
