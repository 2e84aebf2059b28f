"""
How a world comes to rest: what a person must decide is decided, what was broken on purpose is repaired.

In the calm endpoints are well, processes run, the chains stop growing, and the indexer has all the time it wants.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from runtime.asking_store import NewRequest
from tests.simulation import indexing, sabotage
from tests.simulation.blockchain import Blockchain
from tests.simulation.oracle import Differs
from tests.simulation.world import Checkpoints, World

CALM_SECONDS_MAX: Final = 1200
REST_SECONDS_MAX: Final = 610
"""How long an endpoint without credit is left alone, and a little more."""

LAST_BLOCKS: Final = 3
FINAL_BLOCKS: Final = 15


async def undo_final_blocks(world: World) -> None:
    """Let a chain break its word: give up final blocks. Return when it has paused and a person said how to go on."""
    await calm_down(world)
    chain = world.dice.choice(tuple(world.chains.values()))
    final_through, _ = await _finality(world, chain)
    fork = max(chain.canonical[0].number, final_through - world.dice.choice((1, 2, 10)))
    if fork == final_through:
        # Nothing below is ours.
        return
    depth = chain.head.number - fork
    chain.reorganise(depth=depth, growth=3, now=world.clock())
    world.trace.act(f"{chain.chain} reorganises {depth} deep, below what was final, to {chain.head}")
    if not await _settles(world, lambda: _is_paused(world, chain)):
        raise Differs(f"{chain.chain} went on below what was final: {await world.checkpoints()}")
    chain.finalize(world.dice.choice((0, depth)))
    _ask(world, await _word_of_a_person(world, chain))


async def _word_of_a_person(world: World, chain: Blockchain) -> NewRequest:
    """Return what a person asks for who read why the chain stands still."""
    _, known_fork = await _finality(world, chain)
    if known_fork is None:
        return _reindex_all(world, chain)
    first = known_fork - world.dice.choice((0, 3, 1000))
    if world.dice.random() < 0.5 and first >= chain.canonical[1].number:
        return indexing.reindex(chain.chain, first, world.level_of(chain))
    return indexing.resume(chain.chain)


async def calm_down(world: World) -> None:
    """Mend everything, let each chain end in some more blocks, and return when all of it is indexed."""
    mend(world)
    for chain in world.chains.values():
        await _grow(world, chain)
    await catch_up(world)
    for name in sorted(world.damaged):
        # A reindex that was asked for in bad times may have failed; the tables must be right after this one.
        await _reindex_whole(world, world.chains[name])


async def repair(world: World) -> None:
    """Spoil some facts of a chain behind the indexer's back, and return when a reindex has mended them."""
    chain = world.dice.choice(tuple(world.chains.values()))
    async with world.database.connection() as connection:
        spoilt = await sabotage.spoil_facts(connection, chain, world.dice)
    world.trace.act(f"{spoilt} facts of {chain.chain} are spoilt")
    found = await _reindex_whole(world, chain)
    if found != spoilt:
        raise Differs(f"{chain.chain}: {spoilt} facts were spoilt, the reindex found {found}")


async def _reindex_whole(world: World, chain: Blockchain) -> sabotage.Findings | None:
    """Ask for a reindex, once more where those who could prove it were still at rest; return what it found."""
    for _ in range(2):
        _ask(world, _reindex_all(world, chain))
        await catch_up(world)
        async with world.database.connection() as connection:
            found = await sabotage.last_findings(connection)
        if found is not None:
            return found
        await asyncio.sleep(REST_SECONDS_MAX)
    return None


async def _grow(world: World, chain: Blockchain) -> None:
    """Mine the last blocks, so many that some of ours are final."""
    for _ in range(max(LAST_BLOCKS, FINAL_BLOCKS + chain.finality_lag - len(chain.canonical))):
        await asyncio.sleep(1)
        chain.mine(world.clock())


def mend(world: World) -> None:
    """End every trouble."""
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


async def catch_up(world: World) -> None:
    """Return when the indexer has come to the end of every chain. Raises `Differs` when it does not."""
    if not await _settles(world, lambda: _has_caught_up(world)):
        stands = {name.value: (row[0], row[2], row[3]) for name, row in (await world.checkpoints()).items()}
        heads = [chain.head for chain in world.chains.values()]
        raise Differs(f"not caught up after {CALM_SECONDS_MAX} s of calm: {stands}, heads {heads}")


async def _has_caught_up(world: World) -> bool:
    async with world.database.connection() as connection:
        if world.errands or await indexing.are_open(connection):
            return False
    return await world.checkpoints() == _at_heads(world)


async def _is_paused(world: World, chain: Blockchain) -> bool:
    return (await world.checkpoints())[chain.chain][3] is not None


async def _finality(world: World, chain: Blockchain) -> tuple[int, int | None]:
    """Return how far our blocks are final, and where a reorg too deep left them."""
    async with world.database.connection() as connection:
        found = await connection.execute(
            "select final_through, paused_fork from checkpoints where chain = %s", (chain.chain.value,)
        )
        row = await found.fetchone()
    assert row is not None, "the chain is followed"
    return row[0], row[1]


async def _settles(world: World, is_so: Callable[[], Awaitable[bool]]) -> bool:
    deadline = world.clock() + CALM_SECONDS_MAX
    while world.clock() < deadline:
        if await is_so():
            return True
        await asyncio.sleep(1)
    return False


def _ask(world: World, request: NewRequest) -> None:
    world.errands.append(partial(indexing.ask, request=request))


def _reindex_all(world: World, chain: Blockchain) -> NewRequest:
    return indexing.reindex(chain.chain, chain.canonical[1].number, world.level_of(chain))


def _at_heads(world: World) -> Checkpoints:
    return {name: (chain.head.number, chain.head.hash, chain.head.number, None) for name, chain in world.chains.items()}
