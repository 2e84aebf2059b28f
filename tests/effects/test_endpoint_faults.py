"""How an endpoint may treat the transactions it is given, without a credit lost or doubled."""

from collections import Counter
from typing import Any

import pytest

from tests.effects import proof
from tests.effects.marketplace import Marketplace
from tests.integration.meddler import Call, Complaint, HangUp

JOBS_A_SECOND = 4.0
SEND = "eth_sendRawTransaction"


async def test_an_endpoint_that_takes_transactions_and_drops_the_answer(marketplace: Marketplace) -> None:
    """Nobody hears that they were taken: every line is cut, for a while."""

    def cut(call: Call, result: Any) -> Any:
        if call["method"] == SEND:
            raise HangUp
        return result

    await goes_through(marketplace, cut)


@pytest.mark.long
async def test_an_endpoint_that_says_already_known_of_what_it_takes(marketplace: Marketplace) -> None:
    """The first time and every time."""

    def known(call: Call, result: Any) -> Any:
        return Complaint("already known") if call["method"] == SEND else result

    await goes_through(marketplace, known)


async def test_an_endpoint_that_forgets_what_waits_in_its_pool(marketplace: Marketplace) -> None:
    """All that is pending is dropped, twice, before a block could take it."""
    marketplace.jobs_a_second = JOBS_A_SECOND
    await marketplace.reactor()
    await marketplace.goes_on()
    for _ in range(2):
        marketplace.still.add(marketplace.world.opbnb)
        await marketplace.waits_in_pool(2)
        await marketplace.world.opbnb.ask("anvil_dropAllTransactions")
        marketplace.still.clear()
        await marketplace.goes_on()

    await proof.comes_to_rest(marketplace)


@pytest.mark.long
async def test_an_endpoint_that_takes_nothing_and_says_that_it_did(marketplace: Marketplace) -> None:
    """It answers with the hash and drops the transaction, each the first time it is sent."""
    seen: Counter[str] = Counter()

    async def forget() -> None:
        await marketplace.world.opbnb.ask("anvil_dropAllTransactions")

    def lose(call: Call, result: Any) -> Any:
        if call["method"] == SEND:
            seen[call["params"][0]] += 1
        return result

    marketplace.endpoint.meddle = lose
    marketplace.jobs_a_second = JOBS_A_SECOND
    await marketplace.reactor()
    await marketplace.goes_on()
    marketplace.still.add(marketplace.world.opbnb)
    for _ in range(3):
        await marketplace.waits_in_pool()
        await forget()
    marketplace.still.clear()

    await proof.comes_to_rest(marketplace)
    assert max(seen.values()) > 1, "the same bytes were sent again"


async def goes_through(marketplace: Marketplace, lie: Any) -> None:
    """Let the endpoint lie for a while and then be honest, and check what came of it."""
    marketplace.jobs_a_second = JOBS_A_SECOND
    marketplace.endpoint.meddle = lie
    await marketplace.reactor()
    await marketplace.goes_on(8)
    marketplace.endpoint.meddle = lambda _, result: result
    await marketplace.goes_on()

    await proof.comes_to_rest(marketplace)
