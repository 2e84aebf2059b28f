"""What the programs around the books may do, without a job lost or doubled."""

import pytest

from models.requests import RequestKind
from models.values import Chain
from tests.effects import proof
from tests.effects.marketplace import Marketplace, until
from tests.integration.indexer.asking import ask, asked

JOBS_A_SECOND = 4.0


async def test_two_reactors_share_the_work_and_either_may_die(marketplace: Marketplace) -> None:
    """Started together; one after the other is killed and another takes its place."""
    marketplace.jobs_a_second = JOBS_A_SECOND
    reactors = [await marketplace.reactor(), await marketplace.reactor()]
    for _ in range(4):
        await marketplace.goes_on()
        await reactors.pop(0).kill()
        reactors.append(await marketplace.reactor())
    await marketplace.goes_on()

    await proof.comes_to_rest(marketplace)


async def test_both_chains_are_read_again_from_their_start_in_the_middle(marketplace: Marketplace) -> None:
    """As `lamda reindex` asks for it, while jobs are dispatched and credited."""
    marketplace.jobs_a_second = JOBS_A_SECOND
    await marketplace.reactor()
    await marketplace.goes_on()
    pool = marketplace.market.pool
    numbers = [await ask(pool, RequestKind.REINDEX, chain, first=1) for chain in Chain]

    async def are_done() -> bool:
        return all([(await asked(pool, number)).finished_at is not None for number in numbers])

    await until(are_done, within=60, what="both chains are read again")
    await marketplace.goes_on()

    assert [(await asked(pool, number)).error for number in numbers] == [None, None]
    await proof.comes_to_rest(marketplace)


@pytest.mark.long
async def test_the_indexer_killed_in_the_middle(marketplace: Marketplace) -> None:
    """What is read after its restart is what would have been read."""
    marketplace.jobs_a_second = JOBS_A_SECOND
    await marketplace.reactor()
    for _ in range(2):
        await marketplace.goes_on()
        assert marketplace.indexer is not None
        await marketplace.indexer.kill()
        await marketplace.start_indexer()

    await proof.comes_to_rest(marketplace)
