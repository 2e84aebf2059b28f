"""One run of a world with reactors: a seed, and whether everything was done once."""

import asyncio
from collections.abc import Callable
from functools import partial

from tests.simulation import indexing, loop, simulation
from tests.simulation import oracle as tables
from tests.simulation import settling as indexing_settling
from tests.simulation.database import Database
from tests.simulation.effects import oracle, plans, reacting, schedule, settling
from tests.simulation.effects.plans import EffectsPlan
from tests.simulation.effects.world import EffectsWorld
from tests.simulation.simulation import Report


def run(seed: int, database: Database, *, say: Callable[[str], None] | None = None) -> Report:
    """Run the world of a seed and return what happened. Raises whatever was wrong."""
    with simulation.surroundings(seed, database, say, (*indexing.TUNINGS, *reacting.TUNINGS)):
        return loop.run(_run(plans.draw(seed), database, say), limit_seconds=6 * 3600)


async def _run(plan: EffectsPlan, database: Database, say: Callable[[str], None] | None) -> Report:
    world = EffectsWorld(plan, database, say=say)
    world.check = partial(oracle.check, world)
    world.birth()
    world.birth_reactor()
    background = [
        world.watching(),
        world.caring(),
        world.renters.post(),
        *(world.mining(chain) for chain in world.chains.values()),
        *(agent.work() for agent in world.agents),
    ]
    if plan.has_retries:
        background.append(world.petitioners.ask())
    await simulation.beside(_story(world), [asyncio.ensure_future(each) for each in background])
    return Report(
        seed=plan.world.seed,
        trace=world.trace.hash,
        exchanges=world.trace.notes,
        virtual_seconds=world.clock(),
        acts=world.counts.acts | world.totals(),
    )


async def _story(world: EffectsWorld) -> None:
    await schedule.act_out(world)
    await settling.calm_down(world)
    await indexing_settling.catch_up(world)
    await world.look()
    await oracle.check_nonces(world)
    for chain in world.chains.values():
        await tables.check(world.database, chain, offline_after=world.blueprint.settings.offline_after)
