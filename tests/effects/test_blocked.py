"""A provider whose credit the contract refuses, while it credits all others."""

import pytest

from tests.effects import proof
from tests.effects.grudge import Grudge
from tests.effects.marketplace import PROVIDERS, Marketplace, until

JOBS_A_SECOND = 4.0
BLOCKED, *OTHERS = PROVIDERS


async def test_others_are_credited_while_one_is_refused_and_that_one_when_it_is_over(marketplace: Marketplace) -> None:
    """The dry run says it: nothing is signed for the one, and everything for the others."""
    grudge = await Grudge.bear(marketplace)
    await grudge.against(BLOCKED)
    await marketplace.reactor()
    await marketplace.open_jobs(12)
    await until(lambda: are_credited(marketplace, *OTHERS), within=30, what="the others are credited")

    assert await marketplace.count_of(BLOCKED) == 0
    await grudge.forgive()
    await proof.comes_to_rest(marketplace)


@pytest.mark.long
async def test_a_refusal_that_comes_when_all_is_signed_holds_nobody_up(marketplace: Marketplace) -> None:
    """The nonces of the one are consumed by reverts or freed; behind them the others go on."""
    grudge = await Grudge.bear(marketplace)
    opbnb = marketplace.world.opbnb
    await marketplace.signing_reactor()
    before = await marketplace.count_of(BLOCKED)
    marketplace.still.add(opbnb)
    await marketplace.open_jobs(6)
    await marketplace.waits_in_pool(6)
    await grudge.against(BLOCKED)
    marketplace.still.clear()
    await marketplace.open_jobs(6)
    await until(lambda: are_credited(marketplace, *OTHERS), within=30, what="the others are credited")

    assert before == await marketplace.count_of(BLOCKED)
    await grudge.forgive()
    await proof.comes_to_rest(marketplace)


@pytest.mark.long
async def test_a_reactor_that_dies_while_one_is_refused(marketplace: Marketplace) -> None:
    """Whoever comes next knows it as well, and forgets it as soon."""
    grudge = await Grudge.bear(marketplace)
    await grudge.against(BLOCKED)
    for _ in range(2):
        reactor = await marketplace.reactor()
        await marketplace.open_jobs(3)
        await until(lambda: are_credited(marketplace, *OTHERS), within=30, what="the others are credited")
        await reactor.kill()
    await grudge.forgive()
    await marketplace.reactor()

    await proof.comes_to_rest(marketplace)


async def are_credited(marketplace: Marketplace, *providers: int) -> bool:
    """Say whether these have been credited all jobs that they have."""
    credited = await marketplace.credited()
    jobs = marketplace.jobs.values()
    return all(credited[each] == sum(job.provider == each for job in jobs) for each in providers)
