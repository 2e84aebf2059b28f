"""The runbook of lost secrets: somebody else has the key that owns the contract, or what lets agents in."""

import asyncio
import secrets
from dataclasses import replace
from pathlib import Path

import pytest

import migrations
from devnet.accounts import DEPLOYER, private_key
from models.values import checksum_address
from runtime.embedded_postgres import EmbeddedPostgres
from tests.effects import proof
from tests.effects.marketplace import PROVIDERS, Marketplace, until
from tests.effects.test_chain_faults import base_fee
from tests.rehearsals.page import Page
from tests.rehearsals.wallet import GWEI, Wallet

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

PAGE = "docs/operations/lost-key.md"
ETHER = 10**18
DEAR = 500
"""More gwei for a unit of gas than our signer ever offers: who bids that is mined, and nobody else."""

VICTIM, FAVOURITE = PROVIDERS[:2]
SECRETS = {"lamda agents key", "lamda agents revoke ADDRESS", "lamda agents admit ADDRESS"}
"""The commands about other secrets than the key."""


async def test_the_contract_is_saved_from_somebody_who_has_the_key(marketplace: Marketplace, tmp_path: Path) -> None:
    """They credited whom they like by a nonce of ours, and are about to take the contract; we are faster."""
    page = Page(PAGE, marketplace.settings(), tmp_path)
    old, new = Wallet(marketplace, private_key(DEPLOYER)), Wallet(marketplace, secrets.token_bytes(32))
    with_new = {"ADMIN_WALLET_PRIVATE_KEY": new.key.hex()}
    reactor = await marketplace.signing_reactor()
    nonce = await _is_stolen(marketplace, old)

    said = await page.run("lamda credits")
    assert "HALTED" in said
    assert f"nonce {nonce} was spent, and not by this reactor" in said
    assert "credits are paused: key" in await page.run('lamda credits pause "key"')
    await reactor.end()
    await _race(marketplace, old, new)
    assert "does not own NodeReputation" in await page.run("lamda doctor", code=1)
    await new.pay_in(ETHER)
    page.set(**with_new)
    # Its signer is halted still, which is wrong indeed.
    assert f"{checksum_address(new.address)} owns NodeReputation" in await page.run("lamda doctor", code=1)
    await marketplace.reactor(with_new)
    assert "3 under way" in await page.run("lamda credits")
    second = await marketplace.reactor()
    assert f"{checksum_address(old.address)} goes on" in await page.run("lamda credits adopt")
    await until(lambda: _none_is_under_way(marketplace), within=30, what="none is under way")
    await second.end()
    said = await page.run("lamda credits")
    assert " 0 under way" in said
    assert f"out of balance: {checksum_address(marketplace.market.provider(FAVOURITE))}" in said
    await page.run("lamda credits resume")
    marketplace.jobs_a_second = 2
    await marketplace.goes_on(8)
    await proof.comes_to_rest(marketplace)
    assert "out of balance" not in await page.run("lamda credits")
    assert "nothing is wrong" in await page.run("lamda doctor")

    assert set(page.left) == SECRETS


async def test_a_new_contract_gives_again_what_was_given(
    marketplace: Marketplace, own_postgres: EmbeddedPostgres
) -> None:
    """With a database of its own, each confirmed job is credited there once, by itself."""
    reactor = await marketplace.reactor()
    await marketplace.open_jobs(6)
    await marketplace.goes_on(6)
    await reactor.end()
    assert marketplace.indexer is not None
    await marketplace.indexer.end()
    async with marketplace.sending:
        contract = await marketplace.world.opbnb.deploy("NodeReputation")
        block = await marketplace.world.opbnb.head()
    url = await own_postgres.create_database("anew")
    await asyncio.to_thread(migrations.upgrade, url)
    marketplace.given |= {
        "DATABASE_URL": url,
        "NODE_REPUTATION_CONTRACT_ADDRESS": checksum_address(contract),
        "OPBNB_START_BLOCK": str(block),
    }
    followed = replace(marketplace.world.node_reputation, contract=contract)
    marketplace.world = replace(marketplace.world, node_reputation=followed)
    await marketplace.start_indexer()
    await marketplace.reactor()
    await marketplace.goes_on(6)
    head = await marketplace.world.opbnb.head()
    await until(lambda: _is_past(marketplace, head + proof.REST_BLOCKS), within=30, what="more blocks")

    assert marketplace.due() == await marketplace.credited()


async def test_secrets_of_the_bus_are_replaced(marketplace: Marketplace, tmp_path: Path) -> None:
    """What lets agents in, our own passwords, and the credential of one agent, whom its thief keeps from nothing."""
    page = Page(PAGE, marketplace.settings(), tmp_path)
    reactor = await marketplace.reactor()
    await marketplace.open_jobs(3)
    await marketplace.goes_on(3)
    seed, issuer = (await page.run("lamda agents key")).splitlines()
    await marketplace.nats.stop()
    bus = tmp_path / "nats"
    (bus / "seed").write_text(seed.removeprefix("NATS_CALLOUT_SEED="))
    (bus / "password").write_text("another")
    await marketplace.nats.start()
    await reactor.end()
    await marketplace.reactor()
    assert issuer.removeprefix("NATS_CALLOUT_ISSUER=") in (bus / "nats.conf").read_text()
    await marketplace.open_jobs(3)
    await marketplace.goes_on(3)

    robbed = checksum_address(marketplace.market.provider(VICTIM))
    said = await page.run("lamda agents revoke ADDRESS", {"ADDRESS": robbed})
    assert f"{robbed} is barred; credentials taken back: 1" in said
    assert "is admitted again" in await page.run("lamda agents admit ADDRESS", {"ADDRESS": robbed})
    await marketplace.market.credential(VICTIM, "another token", seconds=3600)
    marketplace.agents[VICTIM].sign_in("another token")
    await marketplace.open_jobs(3)
    await marketplace.goes_on(3)
    await proof.comes_to_rest(marketplace)

    assert not SECRETS & set(page.left)


async def _is_stolen(marketplace: Marketplace, old: Wallet) -> int:
    """Have somebody credit a provider by the nonce of a credit of ours that waits; return it once the signer halts."""
    marketplace.still.add(marketplace.world.opbnb)
    await marketplace.open_jobs(3, provider=VICTIM)
    await marketplace.waits_in_pool(3)
    nonce = await old.mined()
    await old.credit(FAVOURITE, nonce=nonce, gwei=2 * DEAR)
    async with base_fee(marketplace, DEAR * GWEI):
        await until(lambda: _is_halted(marketplace), within=30, what="the signer is halted")
    return nonce


async def _race(marketplace: Marketplace, old: Wallet, new: Wallet) -> None:
    """Bid more for the next nonce than somebody who wants the contract."""
    nonce = await old.mined()
    await old.give_away(old.address, nonce=nonce, gwei=2 * DEAR)
    await old.give_away(new.address, nonce=nonce, gwei=4 * DEAR)
    async with base_fee(marketplace, DEAR * GWEI):
        await until(lambda: _is_spent(old, nonce), within=30, what="the contract is given away")
    marketplace.still.clear()


async def _is_halted(marketplace: Marketplace) -> bool:
    return bool(await marketplace.market.ask("select address from signers where halted_reason is not null"))


async def _is_past(marketplace: Marketplace, block: int) -> bool:
    return await marketplace.world.opbnb.head() > block


async def _is_spent(wallet: Wallet, nonce: int) -> bool:
    return await wallet.mined() > nonce


async def _none_is_under_way(marketplace: Marketplace) -> bool:
    held = "credits join credit_nonces using (job_id) where settled_at is null and freed_at is null"
    return not await marketplace.market.ask(f"select job_id from {held}")
