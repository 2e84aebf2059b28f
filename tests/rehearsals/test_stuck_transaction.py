"""The runbook of a stuck transaction: whatever credits wait for, the page knows its words and what to do."""

import re
from pathlib import Path
from typing import Any

import pytest

from devnet.accounts import DEPLOYER, private_key
from models.values import show_bytes
from tests.effects import proof
from tests.effects.marketplace import Marketplace
from tests.effects.programs import Running
from tests.effects.test_chain_faults import base_fee
from tests.integration.dispatch.test_credit_keys import hand_over
from tests.integration.meddler import Call
from tests.rehearsals.credits import credits_say
from tests.rehearsals.page import Page
from tests.rehearsals.wallet import GWEI, Wallet

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

PAGE = "docs/operations/stuck-transaction.md"
ETHER = 10**18
CAP, DEAR = 10, 40
"""What gas may cost at most, in gwei, and what it does cost for a while."""

NOBODY_KNOWS = "will be by what waits in a pool, and nobody here knows by what"


async def test_what_credits_wait_for_is_found_by_its_words(marketplace: Marketplace, tmp_path: Path) -> None:
    """A new database, gas, money, another owner, an endpoint that lies, a chain that is paused, and no reactor."""
    page = Page(PAGE, marketplace.settings(), tmp_path)
    marketplace.still.add(marketplace.world.opbnb)
    reactor = await marketplace.reactor({"CREDIT_FEE_MAX_GWEI": str(CAP)})
    heard = await credits_say(page, "the first credit waits")
    marketplace.still.clear()
    reactor, said = await _gas_is_dear(marketplace, page, reactor)
    heard += said + await _money_is_short(marketplace, page) + await _somebody_else_owns_it(marketplace, page)
    reactor, said = await _an_endpoint_lies(marketplace, page, reactor)
    heard += said + await _the_chain_is_paused(marketplace, page)
    await reactor.end()
    await marketplace.market.ask("update signers set beat_at = beat_at - interval '1 hour' returning address")
    heard += await page.run("lamda credits")
    await marketplace.reactor()
    await proof.comes_to_rest(marketplace)

    assert page.left == ["lamda credits adopt"]
    assert page.unsaid(heard) == [NOBODY_KNOWS]


async def test_a_nonce_that_nobody_knows_is_adopted(marketplace: Marketplace, tmp_path: Path) -> None:
    """A transaction waits in a pool that no database knows of; a dearer one takes its nonce."""
    page = Page(PAGE, marketplace.settings(), tmp_path)
    wallet = Wallet(marketplace, private_key(DEPLOYER))
    await marketplace.signing_reactor()
    marketplace.still.add(marketplace.world.opbnb)
    await wallet.send_nothing(nonce=(nonce := await wallet.mined()), gwei=2)
    await marketplace.open_jobs(1)
    await credits_say(page, NOBODY_KNOWS)
    await wallet.send_nothing(nonce=nonce, gwei=CAP)
    marketplace.still.clear()
    await credits_say(page, "HALTED")
    assert f"takes as history: nonce {nonce} was spent" in await page.run("lamda credits adopt")

    await proof.comes_to_rest(marketplace)


async def _gas_is_dear(marketplace: Marketplace, page: Page, reactor: Running) -> tuple[Running, str]:
    await marketplace.open_jobs()
    await marketplace.goes_on(1)
    marketplace.still.add(marketplace.world.opbnb)
    (*_, job) = await marketplace.open_jobs(3)
    await marketplace.waits_in_pool(3)
    async with base_fee(marketplace, DEAR * GWEI):
        said = await credits_say(page, "gas costs")
        assert "3 under way" in said
        explained = await page.run("lamda explain JOB", {"JOB": show_bytes(job)})
        assert "gas costs" in explained
        assert re.search("its transaction 0x[0-9a-f]{64} is with opBNB's endpoints", explained)
        await reactor.end()
        reactor = await marketplace.reactor({"CREDIT_FEE_MAX_GWEI": str(4 * DEAR)})
        await marketplace.goes_on(3)
    marketplace.still.clear()
    return reactor, said


async def _money_is_short(marketplace: Marketplace, page: Page) -> str:
    owner = Wallet(marketplace, private_key(DEPLOYER))
    await owner.pay_in(1)
    await marketplace.open_jobs()
    said = await credits_say(page, "send it BNB")
    assert "send BNB to" in await page.run("lamda doctor", code=1)
    await owner.pay_in(ETHER)
    await marketplace.goes_on(1)
    return said


async def _somebody_else_owns_it(marketplace: Marketplace, page: Page) -> str:
    await hand_over(marketplace.world)
    await marketplace.open_jobs()
    said = await credits_say(page, "Unauthorized")
    assert "does not own NodeReputation" in await page.run("lamda doctor", code=1)
    await hand_over(marketplace.world, to=0)
    await marketplace.goes_on(1)
    return said


async def _an_endpoint_lies(marketplace: Marketplace, page: Page, reactor: Running) -> tuple[Running, str]:
    """Of two endpoints one names other blocks than there are."""
    liar, honest = marketplace.endpoint, marketplace.world.opbnb
    await reactor.end()
    reactor = await marketplace.reactor({"OPBNB_RPC_URL": f"{liar.url},{honest.url}"})
    await marketplace.open_jobs()
    await marketplace.goes_on(1)
    liar.meddle = _of_another_branch
    await marketplace.open_jobs()
    said = await credits_say(page, "one of them must go")
    await reactor.end()
    reactor = await marketplace.reactor({"OPBNB_RPC_URL": honest.url})
    await marketplace.goes_on(1)
    return reactor, said


def _of_another_branch(call: Call, result: Any) -> Any:
    is_by_number = call["method"] == "eth_getBlockByNumber" and call["params"][0].startswith("0x")
    return result | {"hash": "0x" + "77" * 32} if is_by_number and result else result


async def _the_chain_is_paused(marketplace: Marketplace, page: Page) -> str:
    change = "update checkpoints set paused_reason = %s where chain = 'opbnb' returning chain"
    await marketplace.market.ask(change, "a fork that a person must look at")
    said = await credits_say(page, "or is paused")
    assert "a fork that a person must look at" in await page.run("lamda status")
    await marketplace.market.ask(change, None)
    await marketplace.open_jobs()
    await marketplace.goes_on(1)
    return said
