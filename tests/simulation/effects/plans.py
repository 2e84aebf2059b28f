"""Draw what a world with reactors has beside chains and endpoints: providers, a signer, a past, characters of nodes."""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from models.values import Chain
from tests.simulation import blueprint
from tests.simulation.blueprint import Blueprint
from tests.simulation.effects.account_endpoint import Character
from tests.simulation.effects.pool import Rules

BOTH: Final = ((Chain.BSC, Chain.OPBNB),)
RETRIES_FROM: Final = 100_000
"""The first seed with people who ask for retries: what seeds before it have taught stays what happens in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectsPlan:
    """
    A world with reactors before it begins.

    `deaf` are providers without an agent. In a world with a past somebody has credited jobs before this database was.
    In one with retries people ask for jobs to be run once more.
    """

    world: Blueprint
    providers: tuple[bytes, ...]
    deaf: tuple[bytes, ...]
    key: str = field(repr=False)
    fee_max_wei: int
    has_past: bool
    has_retries: bool
    characters: dict[str, Character]


def draw(seed: int) -> EffectsPlan:
    """Return the plan of a seed."""
    dice = Random(f"{seed}/effects")
    world = _unhurried(blueprint.draw(seed, chosen=BOTH), dice)
    providers = tuple(dice.randbytes(20) for _ in range(dice.choice((1, 2, 4))))
    deaf = (dice.randbytes(20),) if dice.random() < 0.3 else ()
    key = dice.randbytes(32).hex()
    opbnb = next(each for each in world.chains if each.chain is Chain.OPBNB)
    # Who knows all of the past knows it of accounts, too.
    return EffectsPlan(
        world=world,
        providers=providers,
        deaf=deaf,
        key=key,
        fee_max_wei=dice.choice((4_000, 20_000, 10**6)),
        has_past=dice.random() < 0.3,
        has_retries=seed >= RETRIES_FROM,
        characters={
            each.name: Character(
                rules=Rules(refuses_gaps=dice.random() < 0.3, refuses_low_caps=dice.random() < 0.5),
                state_blocks=1_000_000 if each.traits.remembers > 1000 else 128,
                has_l1_fee=dice.random() < 0.6,
            )
            for each in opbnb.endpoints
        },
    )


def _unhurried(world: Blueprint, dice: Random) -> Blueprint:
    """Return a world whose indexers look less often: much more is done beside them."""
    poll_seconds = dice.choice((0.25, 0.6, 0.6))
    sources = tuple(replace(source, poll_seconds=poll_seconds) for source in world.settings.sources)
    return replace(world, settings=replace(world.settings, sources=sources))
