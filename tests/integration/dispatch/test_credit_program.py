"""The signer as a program: which chain it is on, who leads, and what it shows while it waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from chain.signer import KeySigner
from dispatch import credit_program
from dispatch.credit_program import SignerSettings, credit
from dispatch.credit_values import Limits
from runtime.database import Pool
from tests.integration.dispatch.nodes import node_of
from tests.integration.dispatch.signing import ETHER, FINAL, OWNER_KEY, credited_on_chain, finish
from tests.integration.indexer.conftest import Indexing
from tests.integration.indexer.tables import one
from tests.integration.local_chain import World


@pytest.fixture
def settings(world: World) -> SignerSettings:
    """What a signer needs on the chains of the test."""
    return SignerSettings(
        opbnb_urls=(world.opbnb.url,),
        chain_id=world.node_reputation.chain_id,
        contract=world.node_reputation.contract,
        bsc_urls=(world.bsc.url,),
        bsc_chain_id=world.job_manager.chain_id,
        job_manager=world.job_manager.contract,
        limits=Limits(fee_max_wei=ETHER),
        signer=KeySigner(OWNER_KEY),
    )


@asynccontextmanager
async def running(url: str, *settings: SignerSettings) -> AsyncIterator[None]:
    """Run signers side by side."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for each in settings:
            group.create_task(credit(url, each, stop))
        yield
        stop.set()


async def comes_to(pool: Pool, expected: object, statement: str) -> None:
    """Return when a statement has this answer."""
    async with asyncio.timeout(30):
        while await one(pool, statement) != (expected,):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("chain", ["opbnb", "bsc"])
async def test_on_another_chain_nothing_is_signed(
    index: Indexing, database_url: str, settings: SignerSettings, chain: str
) -> None:
    """The signer waits, and its row says for what."""
    wrong = replace(settings, chain_id=5611) if chain == "opbnb" else replace(settings, bsc_chain_id=97)
    await index.settle()
    async with running(database_url, wrong):
        await comes_to(index.pool, True, "select bool_or(waits_for ~ 'it is of chain') from signers")

    assert await one(index.pool, "select count(*) from credit_attempts") == (0,)


async def test_an_endpoint_that_fails_now_and_then_does_not_begin_the_signer_anew(
    world: World, index: Indexing, database_url: str, settings: SignerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it saw of the account before becomes final, and the first job is credited."""
    monkeypatch.setattr(credit_program, "TROUBLE_SECONDS", 0.1)
    prices = 0

    def every_other_time(request: dict[str, Any]) -> dict[str, Any] | None:
        nonlocal prices
        prices += request["method"] == "eth_gasPrice"
        fails = request["method"] == "eth_gasPrice" and prices % 2 == 0
        return {"error": {"code": -32000, "message": "come back later"}} if fails else None

    async with node_of(world.opbnb) as node:
        node.says = every_other_time
        await finish(world, 1)
        async with running(database_url, replace(settings, opbnb_urls=(node.url,))):
            for _ in range(60):
                await index.settle()
                await world.opbnb.mine()
                await asyncio.sleep(0.1)
                if await credited_on_chain(world):
                    break

    assert await credited_on_chain(world) == 1


async def test_two_signers_at_once_credit_each_job_once(
    world: World, index: Indexing, database_url: str, settings: SignerSettings
) -> None:
    """One leads and the other waits for its lease."""
    async with running(database_url, settings, settings):
        await finish(world, 3)
        for _ in range(40):
            await index.settle()
            await world.opbnb.mine(FINAL)
            await asyncio.sleep(0.1)
            if await one(index.pool, "select count(settled_at) from credits") == (3,):
                break

    assert await one(index.pool, "select count(settled_at) from credits") == (3,)
    assert await credited_on_chain(world) == 3


async def test_a_job_that_a_signer_of_another_account_took_meanwhile_is_left_to_it(
    world: World, index: Indexing, database_url: str, settings: SignerSettings
) -> None:
    """The books were read before the other one committed: a second nonce is refused, and all goes on."""
    async with running(database_url, settings):
        while await one(index.pool, "select count(*) from credit_adoptions") == (0,):
            await world.opbnb.mine(FINAL)
            await index.settle()
        await execute(index.pool, "update signers set paused_reason = 'until the other one is there'")
        await finish(world, 1)
        await index.settle()
        await comes_to(index.pool, 1, "select count(*) from credits")
        async with await psycopg.AsyncConnection.connect(database_url) as other:
            await other.execute(TAKEN_BY_ANOTHER)
            await execute(index.pool, "update signers set paused_reason = null where beat_at is not null")
            await comes_to(index.pool, True, "select bool_or(wait_event_type = 'Lock') from pg_stat_activity")
        await comes_to(index.pool, True, "select bool_or(waits_for ~ 'signed with another key') from signers")

    assert await one(index.pool, "select count(*) from credit_nonces") == (1,)
    assert await credited_on_chain(world) == 0


TAKEN_BY_ANOTHER = """
with signer as (
    insert into signers (address, beat_at) values (decode(repeat('ab', 20), 'hex'), now()) returning address
), adoption as (
    insert into credit_adoptions (signer, nonces, final_block, reason, adopted_at)
    select address, 0, 0, '', now() from signer returning signer, nonces
)
insert into credit_nonces (signer, nonce, job_id, after_adoption, taken_at)
select signer, 0, job_id, nonces, now() from adoption, credits
"""


async def execute(pool: Pool, statement: str) -> None:
    """Change the database behind everybody's back."""
    async with pool.connection() as connection:
        await connection.execute(statement.encode())
