"""A database is made for one chain, contract and start block; whatever does not fit is refused in words."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from indexer import identity, identity_store
from indexer.identity import WrongChain
from indexer.identity_store import MadeFor, Start
from indexer.values import Followed
from models.values import BlockId, Chain, checksum_address, show_bytes
from runtime.database import Pool
from tests.integration.indexer.conftest import local_chain
from tests.integration.indexer.tables import one
from tests.integration.local_chain import World

START = Start(before=BlockId(number=0, hash=b"\1" * 32), parent_hash=bytes(32), time=datetime.fromtimestamp(0, UTC))
WAITERS = "select count(*) from pg_locks where locktype = 'transactionid' and not granted"


async def establish(world: World, pool: Pool, followed: Followed) -> None:
    await identity.establish(pool, world.chain(followed.chain).rpc, followed)


async def refusal(world: World, pool: Pool, followed: Followed) -> str:
    """Return the words in which a chain is refused."""
    with pytest.raises(WrongChain) as refused:
        await establish(world, pool, followed)
    return str(refused.value)


async def test_the_same_settings_are_welcome_again(world: World, pool: Pool) -> None:
    """A restart finds its checkpoint where it was."""
    await establish(world, pool, world.job_manager)
    await establish(world, pool, world.job_manager)

    row = await one(pool, "select number, state_through, chain_id, contract_address, start_block from checkpoints")

    assert row == (0, 0, 56, world.job_manager.contract, 1)


async def test_another_contract_is_refused(world: World, pool: Pool) -> None:
    """The message names both addresses and the remedy."""
    await establish(world, pool, world.job_manager)
    other = await world.bsc.deploy("JobManager")

    expected = (
        f"bsc: this database was made for contract address {checksum_address(world.job_manager.contract)}, "
        f"not {checksum_address(other)}. Use the settings it was made for, or another database."
    )
    assert expected == await refusal(world, pool, replace(world.job_manager, contract=other))


async def test_another_start_block_is_refused(world: World, pool: Pool) -> None:
    """What lies between the two start blocks would be missing, or not be missed."""
    await establish(world, pool, world.job_manager)

    expected = (
        "bsc: this database was made for start block 1, not 2. Use the settings it was made for, or another database."
    )
    assert expected == await refusal(world, pool, replace(world.job_manager, start_block=2))


async def test_another_genesis_is_refused(world: World, pool: Pool) -> None:
    """A chain with our id and our contract's address that began otherwise is another chain."""
    await establish(world, pool, world.job_manager)
    genesis = await world.bsc.ask("eth_getBlockByNumber", "0x0", False)
    async with local_chain(56, "--timestamp", "1700000000") as other:
        contract = await other.deploy("JobManager")
        theirs = await other.ask("eth_getBlockByNumber", "0x0", False)

        assert contract == world.job_manager.contract, "only the genesis differs"
        assert (
            f"bsc: this database was made for genesis {genesis['hash']}, not {theirs['hash']}. "
            "Use the settings it was made for, or another database."
        ) == await refusal(replace(world, bsc=other), pool, world.job_manager)


async def test_all_that_differs_is_told_at_once(world: World, pool: Pool) -> None:
    """Who mends one setting does not learn of the next only then."""
    made = MadeFor(chain_id=97, genesis=b"\1" * 32, contract_address=b"\2" * 20, start_block=5)
    async with pool.connection() as connection:
        await identity_store.claim(connection, Chain.BSC, made, START)

    said = await refusal(world, pool, world.job_manager)

    assert "chain id 97, not 56; genesis 0x0101" in said
    assert f"contract address {checksum_address(made.contract_address)}, not " in said
    assert "start block 5, not 1." in said


async def test_an_endpoint_of_another_chain_is_refused(world: World, pool: Pool) -> None:
    """BSC's settings with opBNB's endpoint: the message names both ids and the settings to look at."""
    crossed = replace(world, bsc=world.opbnb)

    assert await refusal(crossed, pool, world.job_manager) == (
        "bsc: the endpoint is of chain 204, settings say BSC_CHAIN_ID=56: set BSC_RPC_URL or the chain id right"
    )
    assert await one(pool, "select count(*) from checkpoints") == (0,)


async def test_an_address_without_code_is_refused(world: World, pool: Pool) -> None:
    """An account is no contract; following it would find nothing for ever."""
    account = world.bsc.accounts[3]

    assert (
        f"bsc: there is no contract at {checksum_address(account)} on chain 56: set the address of JobManager right"
    ) == await refusal(world, pool, replace(world.job_manager, contract=account))


async def test_a_start_block_beyond_the_head_is_refused(world: World, pool: Pool) -> None:
    """The contract cannot have been deployed in a block that is yet to come."""
    assert await refusal(world, pool, replace(world.job_manager, start_block=5000)) == (
        "bsc: the chain has no block 4999 yet, BSC_START_BLOCK is 5000: set it to the block JobManager was deployed in"
    )


async def test_a_chain_may_be_followed_from_its_genesis(world: World, pool: Pool) -> None:
    """Start block 0 has no block before it."""
    await establish(world, pool, replace(world.job_manager, start_block=0))

    assert await one(pool, "select number, state_through from checkpoints") == (-1, -1)


async def test_of_two_that_claim_a_new_database_with_other_settings_one_is_refused(world: World, pool: Pool) -> None:
    """The second finds, while it claims, that the first was made for something else."""
    made = MadeFor(chain_id=56, genesis=b"\1" * 32, contract_address=world.job_manager.contract, start_block=1)
    async with pool.connection() as first, pool.connection() as watcher:
        async with first.transaction():
            await identity_store.claim(first, Chain.BSC, made, START)
            second = asyncio.create_task(refusal(world, pool, world.job_manager))
            async with asyncio.timeout(10):
                while (await (await watcher.execute(WAITERS)).fetchone()) != (1,):
                    await asyncio.sleep(0.01)

        assert f"made for genesis {show_bytes(made.genesis)}, not 0x" in await second
