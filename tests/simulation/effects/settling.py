"""How a world with reactors comes to rest: troubles end, the chains grow quietly, and all that is due is waited for."""

import asyncio
from dataclasses import replace
from typing import Final

from tests.simulation import settling
from tests.simulation.effects import oracle
from tests.simulation.effects.account_chain import BASE_FEE, FUNDS
from tests.simulation.effects.world import EffectsWorld

CALM_SECONDS_MAX: Final = 1800.0
BLOCK_SECONDS: Final = 1.0
LINGER_SECONDS: Final = 20.0
RESTART_AFTER_SECONDS: Final = 90.0
FINALITY_LAG: Final = 6


async def calm_down(world: EffectsWorld) -> None:
    """Mend everything, and return when all that is due was done, and some time after."""
    settling.mend(world)
    _mend(world)
    deadline = world.clock() + CALM_SECONDS_MAX
    restart_at = world.clock() + RESTART_AFTER_SECONDS
    while (missing := await _missing(world)) and world.clock() < deadline:
        await _grow(world)
        if world.clock() > restart_at and (world.restores or world.bus.losses):
            world.counts.add("restarts at last")
            _restart_others(world)
            restart_at = deadline
    if missing:
        raise oracle.Lost(f"after {CALM_SECONDS_MAX} s of calm: " + "; ".join(missing))
    until = world.clock() + LINGER_SECONDS
    while world.clock() < until:
        await _grow(world)


def _restart_others(world: EffectsWorld) -> None:
    """Restart whoever may be the last to know something: nodes that keep a transaction, agents with a last word."""
    world.accounts.restart_nodes()
    for agent in world.agents:
        agent.restart()


async def _missing(world: EffectsWorld) -> tuple[str, ...]:
    missing = await oracle.missing(world) if world.renters.are_done else ("specs",)
    world.trace.tell("; ".join(missing) or "nothing is missing")
    return missing


def _mend(world: EffectsWorld) -> None:
    accounts = world.accounts
    accounts.law = replace(
        accounts.law, owner=world.signer.address, base_fee=BASE_FEE, funds=FUNDS, reverting=frozenset()
    )
    accounts.zeal = 0.9
    for chain in world.chains.values():
        chain.finality_lag = min(chain.finality_lag, FINALITY_LAG)
    accounts.is_quiet = world.jobs.is_quiet = True
    world.bus.is_up, world.bus.faults = True, ()
    for agent in world.agents:
        agent.is_away = False


async def _grow(world: EffectsWorld) -> None:
    await asyncio.sleep(BLOCK_SECONDS)
    # BSC has nothing more to say once all of it is final.
    if world.jobs.finalized < world.last_eventful:
        world.jobs.mine(world.clock())
    world.accounts.mine(world.clock())
