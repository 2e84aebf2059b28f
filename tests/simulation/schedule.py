"""
What befalls a world, act after act; each is drawn with its weight, at a moment that is drawn too.

How a world comes to rest afterwards is told in `settling`.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from tests.simulation import indexing, sabotage
from tests.simulation.blockchain import Blockchain
from tests.simulation.blueprint import ONE_LIAR
from tests.simulation.database import Loss, Mishap
from tests.simulation.endpoint import Phase, SimulatedEndpoint
from tests.simulation.faults import PROFILES
from tests.simulation.world import World

LEASE_SECONDS: Final = 10.0
"""After so long without a word somebody else leads."""


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


def bad_phase(world: World, *, spared: frozenset[str] = frozenset()) -> str:
    """Let an endpoint be bad for a while, in its own way, but for what is spared."""
    plan = world.dice.choice(world.blueprint.chains)
    at = world.dice.randrange(len(plan.endpoints))
    endpoint, profile = world.endpoints[plan.chain][at], plan.endpoints[at].profile
    drawn = world.blueprint.only if profile == ONE_LIAR else PROFILES[profile]
    faults = [fault for fault in drawn if fault not in spared]
    some = tuple(sorted(world.dice.sample(faults, min(len(faults), world.dice.choice((1, 1, 2, 4))))))
    phase = Phase(
        faults=some,
        likelihood=world.dice.choice((0.2, 0.6, 1.0)),
        depth=world.dice.choice((1, 2, 5, 20, 60)),
    )
    endpoint.phase = phase
    seconds = world.dice.choice((0.5, 2.0, 5.0, 12.0))
    asyncio.get_running_loop().call_later(seconds, recover, endpoint, phase)
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
    seconds = world.dice.choice((0.5, 3.0, 12.0, 12.0, 30.0))
    if seconds > LEASE_SECONDS and len(world.processes) == 1:
        # Whoever minds the house starts another one when the first does not answer.
        world.birth()
    asyncio.get_running_loop().call_later(seconds, process.thaw)
    return f"{process.name} stands still for {seconds} s"


def second(world: World) -> str:
    """Start a process beside the one that runs."""
    if len(world.processes) > 1:
        return "there is a second process already"
    return f"{world.birth().name} comes as the second"


def outage(world: World) -> str:
    """Let the database give nobody a connection for a while."""
    world.database.is_down = True
    seconds = world.dice.uniform(0.2, 6.0)
    asyncio.get_running_loop().call_later(seconds, setattr, world.database, "is_down", False)
    return f"the database is down for {seconds:.1f} s"


def reindex(world: World) -> str:
    """Let an operator have final blocks read again."""
    chain = _chain(world)
    first = world.dice.randint(chain.canonical[0].number + 1, max(chain.canonical[0].number + 1, chain.finalized))
    request = indexing.reindex(chain.chain, first, world.level_of(chain))
    world.errands.append(partial(indexing.ask, request=request))
    return f"a reindex of {chain.chain} from block {first} is asked for"


def damage(world: World) -> str:
    """Spoil some final facts behind the indexer's back, and have them read again while everything goes on."""
    chain = _chain(world)
    world.damaged.add(chain.chain)
    world.errands.append(partial(sabotage.spoil_facts, chain=chain, dice=world.dice))
    request = indexing.reindex(chain.chain, chain.canonical[1].number, world.level_of(chain))
    world.errands.append(partial(indexing.ask, request=request))
    return f"final facts of {chain.chain} are spoilt, and all of it is to be reindexed"


ACTS: Final[Mapping[Callable[[World], str], int]] = {
    reorganise: 6,
    burst: 2,
    stall_finality: 1,
    bad_phase: 8,
    kill: 1,
    stop: 1,
    mishap: 4,
    freeze: 2,
    second: 1,
    outage: 1,
    reindex: 1,
    damage: 1,
}
ON_PROCESSES: Final = (kill, stop, mishap, freeze)


async def act_out(world: World) -> None:
    """Let one act follow another until the world's time is over."""
    loop = asyncio.get_running_loop()
    for _ in range(world.dice.randint(0, 3)):
        world.trace.act(bad_phase(world))
    while loop.time() < world.blueprint.seconds:
        await asyncio.sleep(world.dice.uniform(0.05, 1.6))
        act = world.dice.choices(tuple(ACTS), weights=tuple(ACTS.values()))[0]
        if act in ON_PROCESSES and not world.processes:
            continue
        world.counts.add(act.__name__)
        world.trace.act(act(world))


def _chain(world: World) -> Blockchain:
    return world.dice.choice(tuple(world.chains.values()))


def recover(endpoint: SimulatedEndpoint, phase: Phase) -> None:
    """End a bad phase, unless another has begun."""
    if endpoint.phase is phase:
        endpoint.phase = None
