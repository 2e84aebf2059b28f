"""
What befalls a world, act after act, and how it comes to rest.

Each act is drawn with its weight at a moment that is drawn too. After the last one comes the calm: endpoints are well,
processes run, the chains stop growing, and the indexer has all the time it wants to catch up.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from models.requests import RequestKind
from tests.simulation import indexing
from tests.simulation.blockchain import Blockchain
from tests.simulation.database import Loss, Mishap
from tests.simulation.endpoint import Phase, SimulatedEndpoint
from tests.simulation.faults import PROFILES
from tests.simulation.oracle import Differs
from tests.simulation.world import Checkpoints, World

CALM_SECONDS_MAX: Final = 1200
LAST_BLOCKS: Final = 3
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


def bad_phase(world: World) -> str:
    """Let an endpoint be bad for a while, in its own way."""
    plan = world.dice.choice(world.blueprint.chains)
    at = world.dice.randrange(len(plan.endpoints))
    endpoint, profile = world.endpoints[plan.chain][at], plan.endpoints[at].profile
    faults = PROFILES[profile]
    some = tuple(sorted(world.dice.sample(faults, min(len(faults), world.dice.choice((1, 1, 2, 4))))))
    phase = Phase(
        faults=some,
        likelihood=world.dice.choice((0.2, 0.6, 1.0)),
        depth=world.dice.choice((1, 2, 5, 20)),
    )
    endpoint.phase = phase
    seconds = world.dice.choice((0.5, 2.0, 5.0, 12.0))
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


def damage(world: World) -> str:
    """Let facts that are final get lost, and an operator ask for a reindex while everything goes on."""
    chain = _chain(world)
    world.damaged.add(chain.chain)
    part = world.dice.randrange(3)
    world.errands.append(asyncio.ensure_future(_damage(world, chain, part)))
    return f"{chain.chain} loses final facts of every third block, and is to be reindexed"


async def _damage(world: World, chain: Blockchain, part: int) -> None:
    async with world.database.connection() as connection:
        await indexing.lose_facts(connection, chain.chain, part)
        await indexing.request(connection, RequestKind.REINDEX, chain.chain, chain.canonical[1].number)


async def mend(world: World) -> None:
    """Ask once more for a reindex of what was damaged, now that nobody lies, and wait until all requests are done."""
    await asyncio.gather(*world.errands)
    async with world.database.connection() as connection:
        for name in sorted(world.damaged):
            await indexing.request(connection, RequestKind.REINDEX, name, world.chains[name].canonical[1].number)
    deadline = world.clock() + CALM_SECONDS_MAX
    while world.clock() < deadline:
        async with world.database.connection() as connection:
            if not await indexing.unfinished(connection):
                return
        await asyncio.sleep(1)
    raise Differs(f"requests are not done after {CALM_SECONDS_MAX} s of calm")


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


async def undo_final_blocks(world: World) -> None:
    """Let a chain break its word: give up blocks that it called final. Return when that chain has paused."""
    chain = _chain(world)
    depth = min(chain.depth_max() + world.dice.choice((1, 2, 10)), len(chain.canonical) - 2)
    async with world.database.connection() as connection:
        final_through = await indexing.final_through(connection, chain.chain)
    chain.reorganise(depth=depth, growth=3, now=world.clock())
    fork = chain.head.number - depth - 3
    world.trace.act(f"{chain.chain} reorganises {depth} deep, below what was final, to {chain.head}")
    _mend(world)
    # What nobody had told us is final may be taken back like anything else.
    if final_through > fork and not await _settles(world, lambda now: now[chain.chain][3] is not None):
        raise Differs(f"{chain.chain} went on below what was final: {await world.checkpoints()}")


async def decide(world: World) -> None:
    """Be the operator: whenever a chain is paused, say one of the two words that let it go on."""
    while True:
        await asyncio.sleep(world.dice.uniform(0.5, 3))
        async with world.database.connection() as connection:
            for chain, fork in await indexing.paused(connection):
                first = world.chains[chain].canonical[1].number
                if fork is not None and world.dice.random() < 0.5:
                    world.trace.act(f"{chain} is told to resume")
                    await indexing.request(connection, RequestKind.RESUME, chain)
                else:
                    below = first if fork is None else world.dice.randint(min(first, fork), fork)
                    world.trace.act(f"{chain} is told to reindex from {max(first, below)}")
                    await indexing.request(connection, RequestKind.REINDEX, chain, max(first, below))


async def calm_down(world: World) -> None:
    """Mend everything, let each chain end in some more blocks, and return when all of it is indexed."""
    _mend(world)
    for _ in range(LAST_BLOCKS):
        await asyncio.sleep(1)
        for chain in world.chains.values():
            chain.mine(world.clock())
    if not await _settles(world, lambda now: now == {name: _at_head(chain) for name, chain in world.chains.items()}):
        stands = {name.value: (row[0], row[2], row[3]) for name, row in (await world.checkpoints()).items()}
        heads = [chain.head for chain in world.chains.values()]
        raise Differs(f"not caught up after {CALM_SECONDS_MAX} s of calm: {stands}, heads {heads}")
    await mend(world)


def _mend(world: World) -> None:
    world.is_calm, world.mines = True, False
    world.trace.act("calm")
    for endpoints in world.endpoints.values():
        for endpoint in endpoints:
            endpoint.phase = None
    world.database.is_down = False
    for process in world.processes:
        process.thaw()
    for chain in world.chains.values():
        chain.finality_stalls = False


async def _settles(world: World, is_so: Callable[[Checkpoints], bool]) -> bool:
    deadline = world.clock() + CALM_SECONDS_MAX
    while world.clock() < deadline:
        if is_so(await world.checkpoints()):
            return True
        await asyncio.sleep(1)
    return False


def _at_head(chain: Blockchain) -> tuple[int, bytes, int, str | None]:
    return chain.head.number, chain.head.hash, chain.head.number, None


def _chain(world: World) -> Blockchain:
    return world.dice.choice(tuple(world.chains.values()))


def _recover(endpoint: SimulatedEndpoint, phase: Phase) -> None:
    if endpoint.phase is phase:
        endpoint.phase = None
