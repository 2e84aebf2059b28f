"""Of several endpoints one stands still, or says what is not so."""

from contextlib import suppress
from typing import Any

import pytest

from chain.errors import TryAgain
from dispatch.crediting import Held
from tests.integration.dispatch.nodes import Says, honestly, node_of, standing_still, standing_still_for_receipts
from tests.integration.dispatch.refusing import refuse, relent
from tests.integration.dispatch.signing import (
    FINAL,
    Clock,
    begin,
    credited_on_chain,
    crediting,
    finish,
    get_under_way,
    round_trip,
)
from tests.integration.indexer.conftest import Indexing
from tests.integration.indexer.tables import one
from tests.integration.local_chain import World


@pytest.mark.parametrize("says", [standing_still, standing_still_for_receipts], ids=["a node", "a load balancer"])
async def test_a_node_that_stands_still_does_not_hide_what_became_of_a_nonce(
    world: World, index: Indexing, database_url: str, clock: Clock, says: Says
) -> None:
    """It has no receipt of our transaction, which reverted, and none of the blocks since: another one is asked."""
    async with node_of(world.opbnb) as node, crediting(world, database_url, clock, before=[node.url]) as signer:
        await begin(world, index, signer)
        await get_under_way(world, index, signer)
        await refuse(world, 5)
        node.says = says
        await round_trip(world, index, signer, clock, rounds=5)
        await relent(world)
        clock.pass_(3600)
        await round_trip(world, index, signer, clock)

    assert await one(index.pool, "select halted_reason from signers") == (None,)
    assert await credited_on_chain(world) == 1


async def test_one_endpoint_cannot_have_a_nonce_freed_that_is_not_spent(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """It says that our transaction, which waits in the pool, has reverted: a second one would credit the job twice."""
    async with node_of(world.opbnb) as node, crediting(world, database_url, clock, before=[node.url]) as signer:
        await begin(world, index, signer)
        await get_under_way(world, index, signer)
        node.says = await a_revert(world)
        for _ in range(4):
            with suppress(TryAgain):
                await signer.step()
            clock.pass_(20)
        node.says = honestly
        await world.opbnb.mine(FINAL)
        await round_trip(world, index, signer, clock)

    assert await credited_on_chain(world) == 1


async def test_what_waits_in_another_nodes_pool_is_not_signed_over(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """The database lost a credit that waits, and the endpoint asked first does not have it: it was sent to another."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await get_under_way(world, index, signer)
    async with index.pool.connection() as connection:
        await connection.execute("delete from credit_attempts")
        await connection.execute("delete from credit_nonces")
    async with node_of(world.opbnb) as node, crediting(world, database_url, clock, before=[node.url]) as signer:
        node.says = an_empty_pool
        await index.settle()
        held = await signer.step()
        await world.opbnb.mine(FINAL)
        await round_trip(world, index, signer, clock, rounds=8)

    assert isinstance(held, Held)
    assert await one(index.pool, "select adopted from credits") == (True,)
    assert await credited_on_chain(world) == 1


def an_empty_pool(request: dict[str, Any]) -> dict[str, Any] | None:
    """Answer like a node to which nothing was sent; one transaction was mined before."""
    is_asked = request["method"] == "eth_getTransactionCount" and request["params"][1] == "pending"
    return {"result": "0x1"} if is_asked else None


async def test_an_endpoint_that_answers_nonsense_is_passed_over(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """It names a price that is no number: the next one is asked."""
    async with node_of(world.opbnb) as node, crediting(world, database_url, clock, before=[node.url]) as signer:
        node.says = lambda request: {"result": "much"} if request["method"] == "eth_gasPrice" else None
        await begin(world, index, signer)
        await finish(world, 1)
        await round_trip(world, index, signer, clock)

    assert await credited_on_chain(world) == 1


async def a_revert(world: World) -> Says:
    """Return what a node says that makes believe that nonce 1 reverted in a final block."""
    block = await world.opbnb.ask("eth_getBlockByNumber", "finalized", False)
    receipt = {"blockNumber": block["number"], "blockHash": block["hash"], "status": "0x0"}
    lies = {"eth_getTransactionReceipt": receipt, "eth_getTransactionCount": "0x2"}
    return lambda request: {"result": lies[request["method"]]} if request["method"] in lies else None
