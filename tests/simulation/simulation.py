"""One run: a seed, and whether everything was right in the end."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import structlog

from tests.simulation import blueprint, indexing, loop, oracle, sabotage, schedule, settling
from tests.simulation.database import Database
from tests.simulation.tuning import Tunings, tuned
from tests.simulation.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run came to."""

    seed: int
    trace: str
    exchanges: int
    virtual_seconds: float
    acts: dict[str, int]


def run(
    seed: int,
    database: Database,
    *,
    beyond_finality: bool = False,
    only: tuple[str, ...] = (),
    say: Callable[[str], None] | None = None,
) -> Report:
    """Run the world of a seed and return what happened. Raises whatever was wrong."""
    with surroundings(seed, database, say):
        return loop.run(_run(blueprint.draw(seed, beyond_finality=beyond_finality, only=only), database, say))


@contextmanager
def surroundings(
    seed: int, database: Database, say: Callable[[str], None] | None, tunings: Tunings = indexing.TUNINGS
) -> Iterator[None]:
    """Make all that is outside of the world the same for each run of a seed."""
    random.seed(seed)
    database.reset()
    with tuned(Random(f"{seed}/sizes"), tunings), _silence(say):
        yield


async def _run(plan: blueprint.Blueprint, database: Database, say: Callable[[str], None] | None) -> Report:
    world = World(plan, database, say=say)
    world.birth()
    background = [world.watching(), world.caring(), *(world.mining(chain) for chain in world.chains.values())]
    await beside(_story(world), [asyncio.ensure_future(each) for each in background])
    return Report(
        seed=plan.seed,
        trace=world.trace.hash,
        exchanges=world.trace.notes,
        virtual_seconds=world.clock(),
        acts=world.counts.acts,
    )


async def _story(world: World) -> None:
    await schedule.act_out(world)
    if world.blueprint.beyond_finality:
        await settling.undo_final_blocks(world)
    await settling.calm_down(world)
    if not world.blueprint.beyond_finality:
        await _expect_no_findings(world)
        await _conclude(world)
        await settling.repair(world)
    await _conclude(world)


async def _conclude(world: World) -> None:
    async with world.database.connection() as connection:
        await world.feed_reader.conclude(connection)
        await world.guard.look(connection)
    for chain in world.chains.values():
        await oracle.check(world.database, chain, offline_after=world.blueprint.settings.offline_after)


async def _expect_no_findings(world: World) -> None:
    async with world.database.connection() as connection:
        findings = await sabotage.findings_so_far(connection, spared=world.damaged)
        if findings:
            raise oracle.Differs(f"a reindex found what was right: {findings}")


async def beside(story: Coroutine[Any, Any, None], background: list[asyncio.Future[None]]) -> None:
    """Let a story go to its end beside what never ends; raise what one of them raised."""
    main = asyncio.ensure_future(story)
    ended, _ = await asyncio.wait([main, *background], return_when=asyncio.FIRST_COMPLETED)
    for task in (*background, main):
        if task not in ended:
            task.cancel()
    for task in ended:
        task.result()


@contextmanager
def _silence(say: Callable[[str], None] | None) -> Iterator[None]:
    def tell(_: object, __: str, event: dict[str, object]) -> str:
        if say is not None:
            say(
                " " * 11
                + " ".join(f"{name}={value}" if name != "event" else str(value) for name, value in event.items())
            )
        raise structlog.DropEvent

    kept = structlog.get_config()
    structlog.configure(processors=[tell])  # type: ignore[list-item]
    try:
        yield
    finally:
        structlog.configure(**kept)
