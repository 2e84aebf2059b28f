"""What befalls a world with reactors, beside what befalls any world."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, cast

from tests.simulation import schedule
from tests.simulation.database import Loss, Mishap
from tests.simulation.effects import bus, oracle
from tests.simulation.effects.account_chain import BASE_FEE, FUNDS
from tests.simulation.effects.account_endpoint import OF_SENDING, AccountEndpoint
from tests.simulation.effects.world import EffectsWorld
from tests.simulation.endpoint import Phase
from tests.simulation.processes import Process
from tests.simulation.world import World

LONG_RESTS: Final = frozenset({"http_402", "say_rest", "say_limit_exceeded"})


def bad_phase(world: EffectsWorld) -> str:
    """Let an endpoint be bad for a while, but not so that it is left alone for ten minutes."""
    return schedule.bad_phase(world, spared=LONG_RESTS)


def careless_phase(world: EffectsWorld) -> str:
    """Let an endpoint of opBNB be careless with what is sent to it."""
    endpoint = world.dice.choice(world.endpoints[world.accounts.chain])
    assert isinstance(endpoint, AccountEndpoint)
    some = tuple(sorted(world.dice.sample(OF_SENDING, world.dice.choice((1, 1, 2, 4)))))
    phase = Phase(faults=some, likelihood=world.dice.choice((0.3, 0.7, 1.0)), depth=1)
    endpoint.phase = phase
    seconds = world.dice.choice((1.0, 4.0, 12.0))
    _later(seconds, lambda: schedule.recover(endpoint, phase))
    return f"{endpoint.name} is careless for {seconds:.1f} s: {', '.join(some)} × {phase.likelihood}"


def fee_spike(world: EffectsWorld) -> str:
    """Let the base fee rise tenfold or more for a while."""
    fee = BASE_FEE * world.dice.choice((10, 700, 700, 3_000))
    world.accounts.law = replace(world.accounts.law, base_fee=fee)
    seconds = world.dice.choice((2.0, 8.0, 40.0))
    _later(seconds, lambda: _law(world, base_fee=BASE_FEE))
    return f"the base fee is {fee} wei for {seconds} s"


def slow_blocks(world: EffectsWorld) -> str:
    """Let the sequencer take in hardly anything for a while."""
    world.accounts.zeal = 0.0
    seconds = world.dice.choice((3.0, 10.0, 40.0))
    _later(seconds, lambda: setattr(world.accounts, "zeal", max(world.accounts.zeal, world.accounts.usual_zeal)))
    return f"nothing is mined for {seconds} s"


def forget(world: EffectsWorld) -> str:
    """Let a pool lose what waits in it."""
    pools = [world.accounts.sequencer, *world.accounts.pools]
    some = pools if world.dice.random() < 0.4 else [world.dice.choice(pools)]
    share = world.dice.choice((0.5, 1.0))
    return f"pools forget {sum(pool.forget(world.accounts.accounts_dice, share) for pool in some)} transactions"


def revert(world: EffectsWorld) -> str:
    """Let credits of one provider revert for a while."""
    provider = world.dice.choice(world.plan.providers)
    _law(world, reverting=frozenset({provider}))
    seconds = world.dice.choice((1.0, 5.0, 20.0))
    _later(seconds, lambda: _law(world, reverting=frozenset()))
    return f"credits of {provider.hex()[:6]} revert for {seconds} s"


def undo_reverts(world: EffectsWorld) -> str:
    """Let credits revert for a while, and the chain then leave the blocks that say so."""
    _law(world, reverting=frozenset(world.plan.providers))

    def undo() -> None:
        _law(world, reverting=frozenset())
        if not world.is_calm and (depth := world.accounts.depth_max()):
            world.accounts.reorganise(depth=depth, growth=1, now=world.clock())

    seconds = world.dice.choice((1.0, 3.0, 6.0))
    _later(seconds, undo)
    return f"credits revert for {seconds} s, and a reorg will undo that"


def lose_owner(world: EffectsWorld) -> str:
    """Let the contract belong to somebody else for a while."""
    _law(world, owner=b"\x99" * 20)
    seconds = world.dice.choice((1.0, 5.0, 15.0))
    _later(seconds, lambda: _law(world, owner=world.signer.address))
    return f"the contract belongs to somebody else for {seconds} s"


def run_dry(world: EffectsWorld) -> str:
    """Let the account have no money for a while."""
    _law(world, funds=0)
    seconds = world.dice.choice((1.0, 5.0, 15.0))
    _later(seconds, lambda: _law(world, funds=FUNDS))
    return f"the account is empty for {seconds} s"


def bus_phase(world: EffectsWorld) -> str:
    """Let the bus lose questions or answers for a while."""
    world.bus.faults = tuple(sorted(world.dice.sample(bus.FAULTS, world.dice.choice((1, 2)))))
    world.bus.likelihood = world.dice.choice((0.2, 0.6))
    seconds = world.dice.choice((2.0, 8.0))
    _later(seconds, lambda: setattr(world.bus, "faults", ()))
    return f"the bus has {', '.join(world.bus.faults)} for {seconds} s"


def bus_outage(world: EffectsWorld) -> str:
    """Let the bus be away, and come back with all it had, or with nothing."""
    world.bus.is_up = False
    world.bus.outages += 1
    seconds = world.dice.choice((0.5, 4.0, 15.0))
    loses_all = world.dice.random() < 0.25
    if loses_all:
        world.bus.restore({})
    _later(seconds, lambda: setattr(world.bus, "is_up", True))
    return f"the bus is away for {seconds} s{', and has lost everything' if loses_all else ''}"


def restore_bus(world: EffectsWorld) -> str:
    """Let the bus be what it is now, some time later: a restored backup."""
    saved = world.bus.save()
    seconds = world.dice.choice((0.5, 3.0, 8.0))
    _later(seconds, lambda: None if world.is_calm else world.bus.restore(saved))
    return f"a backup of the bus is made, to be restored in {seconds} s"


def agent_away(world: EffectsWorld) -> str:
    """Let an agent be away for a while."""
    agent = world.dice.choice(world.agents)
    agent.is_away = True
    seconds = world.dice.choice((3.0, 12.0))
    _later(seconds, lambda: setattr(agent, "is_away", False))
    return f"agent {agent.address} is away for {seconds} s"


def kill_at_call(world: EffectsWorld) -> str:
    """Let a reactor end in the middle of a question to an endpoint or to the bus."""
    process, calls = _reactor(world), world.dice.randint(1, 25)
    process.befall_call(calls)
    return f"{process.name} ends at its {calls}. call"


def mishap(world: EffectsWorld) -> str:
    """Let a reactor lose its connection or its life at a database call."""
    process = _reactor(world)
    loss = world.dice.choice((Loss.PROCESS, Loss.CONNECTION))
    coming = Mishap(loss=loss, calls=world.dice.randint(1, 40), answered=world.dice.random() < 0.5)
    process.befall(coming)
    when = "after" if coming.answered else "before"
    return f"{process.name} loses its {loss} {when} the {coming.calls}. call"


def second_reactor(world: EffectsWorld) -> str:
    """Start a reactor beside the one that runs."""
    if len(world.reactors) > 1:
        return "there is a second reactor already"
    return f"{world.birth_reactor().name} comes as the second"


def stale_signer(world: EffectsWorld) -> str:
    """Stop a reactor in its tracks, let the database drop its connections, and wake it when another has taken over."""
    process = _reactor(world)
    process.freeze()
    process.lose_connections()
    if len(world.reactors) == 1:
        world.birth_reactor()
    seconds = world.dice.choice((1.0, 4.0, 12.0, 40.0))
    _later(seconds, process.thaw)
    return f"{process.name} stands still for {seconds} s, and its connections are gone"


def restart_database(world: EffectsWorld) -> str:
    """Let the database go away and drop every connection."""
    for process in world.processes:
        process.lose_connections()
    return schedule.outage(world)


def restore_database(world: EffectsWorld) -> str:
    """Let the database be what it will have been now, some time later: a restored backup. Programs start anew."""
    if world.backup_is_coming:
        return "a backup waits to be restored already"
    world.database.save()
    world.backup_is_coming = True
    seconds = world.dice.choice((0.5, 3.0, 8.0))
    _later(seconds, world.restore_backup)
    return f"a backup is made, to be restored in {seconds} s"


Act = Callable[[EffectsWorld], str]


def _any(act: Callable[[World], str]) -> Act:
    """Return an act of any world."""
    return cast("Act", act)


ACTS: Final[Mapping[Act, int]] = {
    _any(schedule.reorganise): 8,
    _any(schedule.burst): 2,
    _any(schedule.stall_finality): 1,
    bad_phase: 6,
    _any(schedule.kill): 3,
    _any(schedule.stop): 1,
    _any(schedule.mishap): 2,
    _any(schedule.freeze): 2,
    _any(schedule.outage): 1,
    _any(schedule.reindex): 2,
    careless_phase: 6,
    fee_spike: 4,
    slow_blocks: 2,
    forget: 3,
    revert: 2,
    undo_reverts: 3,
    lose_owner: 1,
    run_dry: 1,
    bus_phase: 3,
    bus_outage: 2,
    restore_bus: 1,
    agent_away: 1,
    kill_at_call: 5,
    mishap: 4,
    second_reactor: 2,
    stale_signer: 3,
    restart_database: 1,
    restore_database: 1,
}
WARM: Final = 0.8
WARM_SECONDS_MAX: Final = 40.0
NEED_PROCESS: Final = (schedule.kill, schedule.stop, schedule.mishap, schedule.freeze)
NEED_REACTOR: Final = (kill_at_call, mishap, stale_signer)


async def act_out(world: EffectsWorld) -> None:
    """Let one act follow another until the world's time is over."""
    if world.dice.random() < WARM:
        await _until_signing(world)
    over = world.clock() + world.blueprint.seconds
    for _ in range(world.dice.randint(0, 3)):
        world.trace.act(world.dice.choice((careless_phase, bad_phase))(world))
    while world.clock() < over:
        await asyncio.sleep(world.dice.uniform(0.05, 1.6))
        act = world.dice.choices(tuple(ACTS), weights=tuple(ACTS.values()))[0]
        if (act in NEED_PROCESS and not world.processes) or (act in NEED_REACTOR and not world.reactors):
            continue
        world.counts.add(act.__name__)
        world.trace.act(act(world))


async def _until_signing(world: EffectsWorld) -> None:
    """Return when the first credit may be signed: most of what may go wrong goes wrong after that."""
    deadline = world.clock() + WARM_SECONDS_MAX
    while world.clock() < deadline and not await oracle.has_begun(world):
        await asyncio.sleep(0.5)


def _reactor(world: EffectsWorld) -> Process:
    return world.dice.choice(world.reactors)


def _law(world: EffectsWorld, **change: object) -> None:
    if not world.is_calm:
        world.accounts.law = replace(world.accounts.law, **change)  # type: ignore[arg-type]


def _later(seconds: float, what: Callable[[], object]) -> None:
    asyncio.get_running_loop().call_later(seconds, what)
