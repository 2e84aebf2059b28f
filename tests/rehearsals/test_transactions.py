"""What an operator does by hand about credits, and a key that is replaced in peace."""

import secrets
from pathlib import Path

import pytest

from devnet.accounts import DEPLOYER, private_key
from models.values import checksum_address
from tests.effects import proof
from tests.effects.marketplace import Marketplace, until
from tests.rehearsals.credits import credits_say
from tests.rehearsals.page import Page
from tests.rehearsals.wallet import Wallet

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

PAGE = "docs/transactions.md"
ETHER = 10**18


async def test_credits_are_paused_and_the_key_replaced_and_a_restore_is_told(
    marketplace: Marketplace, tmp_path: Path
) -> None:
    """Jobs are finished all the while; nothing is lost or doubled by any of it."""
    page = Page(PAGE, marketplace.settings(), tmp_path)
    old, new = Wallet(marketplace, private_key(DEPLOYER)), Wallet(marketplace, secrets.token_bytes(32))
    with_new = {"ADMIN_WALLET_PRIVATE_KEY": new.key.hex()}
    reactor = await marketplace.signing_reactor()
    await page.run('lamda credits pause "fees"')
    before = await marketplace.credited()
    await marketplace.open_jobs(2)
    said = await credits_say(page, " 0 under way, 2 waiting")
    assert "PAUSED" in said
    assert "fees" in said
    assert before == await marketplace.credited()
    assert "credits go on" in await page.run("lamda credits resume")
    await until(lambda: _is_all_credited(marketplace), within=30, what="all is credited")
    assert "no signer is halted" in await page.run("lamda credits adopt", code=1)

    await page.run('lamda credits pause "new key"')
    await marketplace.open_jobs(2)
    await credits_say(page, " 0 under way, 2 waiting")
    await reactor.end()
    await old.give_away(new.address, nonce=await old.mined(), gwei=50)
    await new.pay_in(ETHER)
    reactor = await marketplace.reactor(with_new)
    await page.run("lamda credits resume")
    await credits_say(page, f"{checksum_address(new.address)}  SIGNS")
    await until(lambda: _is_all_credited(marketplace), within=30, what="all is credited")

    await reactor.end()
    assert marketplace.indexer is not None
    await marketplace.indexer.end()
    assert "new lineage" in await page.run("lamda restored")
    assert "the next nonces are spent on transfers" in await page.run("lamda credits restored")
    await Page("docs/guarantees.md", marketplace.settings(), tmp_path).run("lamda credits restored")
    await marketplace.start_indexer()
    marketplace.still.add(marketplace.world.opbnb)
    await marketplace.reactor(with_new)
    await marketplace.open_jobs(2)
    await credits_say(page, "are spent on transfers first")
    marketplace.still.clear()
    await proof.comes_to_rest(marketplace)

    assert page.left == []


async def _is_all_credited(marketplace: Marketplace) -> bool:
    credited = await marketplace.credited()
    return credited == marketplace.due() and credited.total() == len(marketplace.jobs)
