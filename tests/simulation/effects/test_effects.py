"""
Whatever the world does to indexers and reactors, in the end each effect has been there once.

A test runs several worlds; one that fails says which, and how to see it again.
"""

from collections.abc import Iterable

import pytest

from tests.simulation.database import Database
from tests.simulation.effects import simulation
from tests.simulation.effects.plans import RETRIES_FROM

SAMPLE = range(6)
WITH_RETRIES = range(RETRIES_FROM, RETRIES_FROM + 2)
SEEDS_A_TEST = 2
NOTABLE = (
    2127,  # A former backend's credit came out of a pool after the signer had begun, and halted it for a stranger.
    2151,  # The same, and only the pool can mend it: it forgets the later ones after a while.
    2265,  # An outcome came after a confirmation that a reorg then took back: it had been refused, and was lost.
    40004,  # A reorg brought back more than a pool takes: it was full of later nonces, and the first waited for ever.
    50824,  # Lost credits waited in a pool behind a missing nonce, and were mined beside the new ones: one too many.
    61142,  # What was sent in the moment before a backup was restored was thought never to have been stored.
)


def hold(seeds: Iterable[int], database: Database) -> None:
    """Run the worlds of some seeds; fail with the first that is not right in the end, and how to run it again."""
    for seed in seeds:
        try:
            simulation.run(seed, database)
        except Exception as error:
            error.add_note(f"to see it again: python -m tests.simulation --effects --seed {seed}")
            raise


@pytest.mark.parametrize("first", SAMPLE[::SEEDS_A_TEST])
def test_in_a_hostile_world_every_effect_is_there_once(first: int, database: Database) -> None:
    """Confirmed jobs are credited and open ones run, each once, through crashes, reorgs, lies and restored backups."""
    hold(range(first, first + SEEDS_A_TEST), database)


def test_a_job_is_run_once_more_for_each_retry_and_for_nothing_else(database: Database) -> None:
    """People ask while reports are on their way, chains are reorganised, and what was asked is lost with a database."""
    hold(WITH_RETRIES, database)


@pytest.mark.long
@pytest.mark.parametrize("seed", NOTABLE)
def test_what_once_failed_does_not_fail_again(seed: int, database: Database) -> None:
    """Each of these seeds taught something."""
    hold([seed], database)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("first", [*range(2000, 2400, 100), RETRIES_FROM])
def test_every_effect_is_there_once_many_times(first: int, database: Database) -> None:
    """The same, many times over."""
    hold(range(first, first + 100), database)


@pytest.mark.long
def test_a_seed_takes_the_same_course_twice(database: Database) -> None:
    """And another seed another."""
    first, again, other = (simulation.run(seed, database).trace for seed in (9, 9, 10))

    assert first == again
    assert first != other
