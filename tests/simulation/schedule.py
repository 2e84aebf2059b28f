"""
What befalls a world, act after act, and how it comes to rest.

Each act is drawn with its weight at a moment that is drawn too. After the last one comes the calm: endpoints are well,
processes run, the chains stop growing, and the indexer has all the time it wants to catch up.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from tests.simulation import indexing
from tests.simulation.blockchain import Blockchain
from tests.simulation.database import Loss, Mishap
from tests.simulation.endpoint import Phase
from tests.simulation.faults import PROFILES
from tests.simulation.oracle import Differs
from tests.simulation.world import World

CALM_SECONDS_MAX: Final = 1200
LAST_BLOCKS: Final = 3


def reorganise(world: World) -> str:
    """Let a chain leave some blocks that were not final."""
    chain = _chain(world)
    depth_max = chain.depth_max()
    if depth_max == 0:
        return f"{chain.chain} has nothing to reorganise"
    depth = min(depth_max, world.dice.choice((1, 1, 1, 2, 2, 3, 5, 12, depth_max)))
    chain.reorganise(depth=depth, growth=world.dice.choice((0, 1, 1, 2, 4)), now=world.clock())
    return f"{chain.chain} reorganises {depth} deep to {chain.head}"


def burst(world: World) -> str:
    """Let a chain grow at once, as after a stall."""
    chain = _chain(world)
    for _ in range(count := world.dice.choice((5, 20, 50))):
        chain.mine(world.clock())
    return f"{chain.chain} grows by {count} to {chain.head}"


def stall_finality(world: World) -> str:
    """Let finality stand still, or move again."""
    chain = _chain(world)
    chain.finality_stalls = not chain.finality_stalls
    return f"{chain.chain}: finality {'stalls' if chain.finality_stalls else 'moves'} at {chain.finalized}"


def bad_phase(world: World) -> str:
    """Let an endpoint be bad for a while, in its own way."""
    plan = world.dice.choice(world.blueprint.chains)
    at = world.dice.randrange(len(plan.endpoints))
    endpoint, profile = world.endpoints[plan.chain][at], plan.endpoints[at].profile
    faults = PROFILES[profile]
    some = tuple(sorted(world.dice.sample(faults, min(len(faults), world.dice.choice((1, 2, 5))))))
    phase = Phase(
        faults=some,
        likelihood=world.dice.choice((0.2, 0.6, 1.0)),
        depth=world.dice.choice((1, 2, 5, 20)),
    )
    endpoint.phase = phase
    seconds = world.dice.uniform(0.5, 8.0)
    asyncio.get_running_loop().call_later(seconds, _recover, endpoint, phase)
    return f"{endpoint.name} is {profile} for {seconds:.1f} s: {', '.join(some)} × {phase.likelihood}"


def kill(world: World) -> str:
    """End a process at whatever it waits for."""
    process = world.dice.choice(world.processes)
    process.kill()
    return f"{process.name} is killed"


def stop(world: World) -> str:
    """Tell a process to end."""
    process = world.dice.choice(world.processes)
    process.stop()
    return f"{process.name} is told to stop"


def mishap(world: World) -> str:
    """Let a process lose its connection or its life at a database call."""
    process = world.dice.choice(world.processes)
    loss = world.dice.choice((Loss.PROCESS, Loss.CONNECTION))
    coming = Mishap(loss=loss, calls=world.dice.randint(1, 40), answered=world.dice.random() < 0.5)
    process.befall(coming)
    when = "after" if coming.answered else "before"
    return f"{process.name} loses its {loss} {when} the {coming.calls}. call"


def freeze(world: World) -> str:
    """Let a process stand still for a while."""
    process = world.dice.choice(world.processes)
    process.freeze()
    seconds = world.dice.choice((0.5, 3.0, 12.0, 30.0))
    asyncio.get_running_loop().call_later(seconds, process.thaw)
    return f"{process.name} stands still for {seconds} s"


def second(world: World) -> str:
    """Start a process beside the one that runs."""
    if len(world.processes) > 1:
        return "there is a second process already"
    return f"{world.birth().name} comes as the second"


ACTS: Final[Mapping[Callable[[World], str], int]] = {
    reorganise: 6,
    burst: 1,
    stall_finality: 1,
    bad_phase: 8,
    kill: 1,
    stop: 1,
    mishap: 4,
    freeze: 1,
    second: 1,
}
ON_PROCESSES: Final = (kill, stop, mishap, freeze)


async def act_out(world: World) -> None:
    """Let one act follow another until the world's time is over."""
    loop = asyncio.get_running_loop()
    while loop.time() < world.blueprint.seconds:
        await asyncio.sleep(world.dice.uniform(0.05, 1.6))
        act = world.dice.choices(tuple(ACTS), weights=tuple(ACTS.values()))[0]
        if act in ON_PROCESSES and not world.processes:
            continue
        world.counts.add(act.__name__)
        world.trace.act(act(world))


async def calm_down(world: World) -> None:
    """Mend everything, let each chain end in some final blocks, and wait until all of it is indexed."""
    world.is_calm, world.mines = True, False
    world.trace.act("calm")
    for endpoints in world.endpoints.values():
        for endpoint in endpoints:
            endpoint.phase = None
    for process in world.processes:
        process.thaw()
    for chain in world.chains.values():
        chain.finality_stalls = False
    for _ in range(LAST_BLOCKS):
        await asyncio.sleep(1)
        for chain in world.chains.values():
            chain.mine(world.clock())
    await _caught_up(world)


async def _caught_up(world: World) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + CALM_SECONDS_MAX
    while True:
        checkpoints = await world.checkpoints()
        wanted = {name: (chain.head.number, chain.head.hash, chain.head.number, None) for name, chain in world.chains.items()}
        if checkpoints == wanted:
            return
        if loop.time() > deadline:
            raise Differs(f"not caught up after {CALM_SECONDS_MAX} s of calm: {checkpoints}, the heads are {wanted}")
        await asyncio.sleep(1)


def _chain(world: World) -> Blockchain:
    return world.dice.choice(tuple(world.chains.values()))


def _recover(endpoint: object, phase: Phase) -> None:
    if endpoint.phase is phase:  # type: ignore[attr-defined]
        endpoint.phase = None  # type: ignore[attr-defined]
