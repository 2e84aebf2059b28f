"""What opBNB may do while our transactions are under way, without a credit lost or doubled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.effects import proof
from tests.effects.marketplace import PROVIDERS, Marketplace, until
from tests.integration.indexer.tables import one

GWEI = 10**9
BLOCK_SECONDS = 0.1


async def test_several_credits_of_one_provider_in_one_block(marketplace: Marketplace) -> None:
    """Eight transactions wait until a block takes them all."""
    opbnb, provider = marketplace.world.opbnb, PROVIDERS[0]
    await marketplace.signing_reactor()
    marketplace.still.add(opbnb)
    await marketplace.open_jobs(8, provider=provider)
    await marketplace.waits_in_pool(8)
    marketplace.still.clear()

    await proof.comes_to_rest(marketplace)
    most = await one(
        marketplace.market.pool,
        "select max(times) from (select count(*) as times from job_count_incremented group by block_number) blocks",
    )
    assert most == (8,)


@pytest.mark.parametrize("moves", [False, True], ids=["dropped", "moved"])
async def test_a_reorg_that_takes_our_transactions_back(marketplace: Marketplace, moves: bool) -> None:
    """They were mined and indexed; then two blocks are replaced by others, without them or with them elsewhere."""
    opbnb = marketplace.world.opbnb
    await marketplace.signing_reactor()
    marketplace.still.add(opbnb)
    await marketplace.open_jobs(6)
    await marketplace.waits_in_pool(6)
    await opbnb.mine(2)
    mined = await opbnb.head()
    await until(lambda: is_indexed(marketplace, mined), within=20, what="the blocks are indexed")
    sent = [call["params"][0] for call in marketplace.endpoint.calls if call["method"] == "eth_sendRawTransaction"]
    # One block later than before, and so in other company.
    moved = [({"raw": raw}, 1) for raw in dict.fromkeys(sent[-6:])] if moves else []
    await opbnb.ask("anvil_reorg", 2, [[given["raw"], offset] for given, offset in moved])
    marketplace.still.clear()

    await proof.comes_to_rest(marketplace)


async def test_a_base_fee_that_rises_tenfold_while_transactions_wait(marketplace: Marketplace) -> None:
    """What was signed can be mined no more: it is replaced on its nonce, and everything goes on at the new price."""
    opbnb = marketplace.world.opbnb
    await marketplace.signing_reactor()
    marketplace.still.add(opbnb)
    await marketplace.open_jobs(6)
    await marketplace.waits_in_pool(6)
    async with base_fee(marketplace, 10 * await base_fee_now(marketplace)):
        await proof.all_is_settled(marketplace)
    marketplace.still.clear()

    await proof.comes_to_rest(marketplace)


@pytest.mark.long
async def test_a_base_fee_above_our_cap_is_waited_out(marketplace: Marketplace) -> None:
    """Nothing is credited while it is; then everything is, once."""
    opbnb = marketplace.world.opbnb
    cap = 4 * await base_fee_now(marketplace)
    await marketplace.signing_reactor({"CREDIT_FEE_MAX_GWEI": str(cap / GWEI)})
    marketplace.still.add(opbnb)
    await marketplace.open_jobs(6)
    await marketplace.waits_in_pool(6)
    before = await marketplace.credited()
    async with base_fee(marketplace, 2 * cap):
        await marketplace.open_jobs(3)
        head = await opbnb.head()
        await until(lambda: is_at(marketplace, head + 60), within=30, what="six seconds of blocks")

        assert before == await marketplace.credited()
    marketplace.still.clear()

    await proof.comes_to_rest(marketplace)


@asynccontextmanager
async def base_fee(marketplace: Marketplace, wei: int) -> AsyncIterator[None]:
    """Make blocks with this base fee on opBNB, which is otherwise still."""
    opbnb = marketplace.world.opbnb

    async def make_blocks() -> None:
        while True:
            await opbnb.ask("anvil_setNextBlockBaseFeePerGas", hex(wei))
            await opbnb.ask("evm_mine")
            await asyncio.sleep(BLOCK_SECONDS)

    making = asyncio.create_task(make_blocks())
    try:
        yield
    finally:
        making.cancel()


async def base_fee_now(marketplace: Marketplace) -> int:
    """Return the newest block's base fee, which we set to one that does not fade."""
    await marketplace.world.opbnb.ask("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
    await marketplace.world.opbnb.ask("evm_mine")
    return GWEI


async def is_indexed(marketplace: Marketplace, block: int) -> bool:
    """Say whether the index has come so far on opBNB."""
    ((number,),) = await marketplace.market.ask("select number from checkpoints where chain = 'opbnb'")
    return bool(number >= block)


async def is_at(marketplace: Marketplace, block: int) -> bool:
    """Say whether opBNB has come so far."""
    return await marketplace.world.opbnb.head() >= block
