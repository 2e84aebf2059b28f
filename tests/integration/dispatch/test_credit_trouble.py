"""What keeps credits from going through, one at a time or all of them, and what becomes of them."""

from models.values import show_bytes
from tests.integration.dispatch.refusing import refuse, relent
from tests.integration.dispatch.signing import (
    FINAL,
    Clock,
    begin,
    complaint,
    credited_on_chain,
    crediting,
    finish,
    get_under_way,
    round_trip,
)
from tests.integration.indexer.conftest import Indexing
from tests.integration.indexer.tables import one
from tests.integration.local_chain import World

GWEI = 10**9
L1_FEE_ORACLE = "0x420000000000000000000000000000000000000F"


async def test_a_provider_whom_the_contract_refuses_is_blocked_alone(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """The others are credited meanwhile, no nonce is spent on it, and when the contract relents it is credited too."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await refuse(world, 6)
        await finish(world, 2, provider=6)
        await finish(world, 2, provider=5)
        await round_trip(world, index, signer, clock)
        blocked = await one(
            index.pool, "select count(*), min(blocked_reason) from credits where blocked_reason is not null"
        )
        others = await credited_on_chain(world, 5)
        attempts = await one(index.pool, "select count(*) from credit_attempts")
        await relent(world)
        clock.pass_(3600)
        await round_trip(world, index, signer, clock)

    assert blocked == (2, "ReentrancyGuardReentrantCall()")
    assert (others, attempts) == (2, (2,))
    assert (await credited_on_chain(world, 5), await credited_on_chain(world, 6)) == (2, 2)
    assert await one(index.pool, "select count(*) from credits where blocked_reason is not null") == (0,)


async def test_a_credit_that_reverts_when_it_is_mined_gets_another_nonce(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """The contract changed its mind between the dry run and the block, and back."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await get_under_way(world, index, signer)
        await refuse(world, 5)
        await round_trip(world, index, signer, clock)
        failure = await one(index.pool, "select failure from credit_nonces where freed_at is not null")
        await relent(world)
        clock.pass_(3600)
        await round_trip(world, index, signer, clock)

    assert "reverted in block" in failure[0]
    assert await one(index.pool, "select count(*), count(*) filter (where freed_at is null) from credit_nonces") == (
        2,
        1,
    )
    assert await credited_on_chain(world) == 1


async def test_a_credit_that_waits_and_can_only_revert_frees_its_nonce(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """It is replaced by a transfer of nothing, so that those behind it go on."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await get_under_way(world, index, signer, provider=6)
        await finish_without_mining(world, index, provider=5)
        await signer.step()
        await signer.step()
        await refuse(world, 6)
        clock.pass_(31)
        await signer.step()
        await round_trip(world, index, signer, clock)
        kinds = await one(index.pool, "select count(*) filter (where kind = 'release') from credit_attempts")
        assert (await credited_on_chain(world, 5), await credited_on_chain(world, 6)) == (1, 0)
        await relent(world)
        clock.pass_(3600)
        await round_trip(world, index, signer, clock)

    assert kinds == (1,)
    assert (await credited_on_chain(world, 5), await credited_on_chain(world, 6)) == (1, 1)


async def finish_without_mining(world: World, index: Indexing, *, provider: int) -> None:
    """Finish a job on BSC while opBNB makes no block."""
    job_id = bytes([9, provider]).rjust(32, b"\2")
    await world.create_job(job_id, provider=world.opbnb.accounts[provider])
    await world.bsc.mine()
    await world.confirm(job_id)
    await world.bsc.mine(FINAL)
    await index.settle()


async def test_at_the_fee_limit_the_nonce_is_freed_and_nothing_new_is_signed(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """When gas is cheap again every job is credited once."""
    async with crediting(world, database_url, clock, fee_max_wei=3 * GWEI) as signer:
        await begin(world, index, signer)
        await finish(world, 1)
        await index.settle()
        await world.opbnb.ask("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
        await world.opbnb.mine()
        await index.settle()
        await signer.step()
        await signer.step()
        await world.opbnb.ask("anvil_setNextBlockBaseFeePerGas", hex(4 * GWEI))
        await world.opbnb.ask("anvil_mine", "0x1")
        stuck = await complaint(signer)
        for _ in range(8):
            clock.pass_(31)
            await index.settle()
            await signer.step()
            await world.opbnb.ask("anvil_setNextBlockBaseFeePerGas", hex(4 * GWEI))
            await world.opbnb.mine()
        released = await one(index.pool, "select count(*) filter (where kind = 'release') from credit_attempts")
        most = await one(index.pool, "select max(max_fee_per_gas) filter (where kind = 'credit') from credit_attempts")
        await finish_without_mining(world, index, provider=6)
        await signer.step()
        waits = await complaint(signer)
        await world.opbnb.ask("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
        await world.opbnb.mine(FINAL)
        await round_trip(world, index, signer, clock, rounds=8)

    assert released[0] >= 1
    assert most[0] <= 3 * GWEI
    assert "3000000000 at most is allowed" in stuck
    assert "3000000000 at most is allowed" in waits
    assert (await credited_on_chain(world, 5), await credited_on_chain(world, 6)) == (1, 1)


async def test_an_account_that_cannot_pay_burns_no_nonce(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """The fee for posting on the L1 counts; the complaint says how much is missing."""
    owner = show_bytes(world.opbnb.accounts[0])
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await finish(world, 1)
        await index.settle()
        # Answers any call with one ether.
        await world.opbnb.ask("anvil_setCode", L1_FEE_ORACLE, f"0x7f{10**18:064x}60005260206000f3")
        await world.opbnb.ask("anvil_setBalance", owner, hex(10**18))
        await signer.step()
        poor = await complaint(signer)
        attempts = await one(index.pool, "select count(*) from credit_attempts")
        await world.opbnb.ask("anvil_setBalance", owner, hex(10**20))
        await round_trip(world, index, signer, clock)

    assert f"the account holds {10**18} wei" in poor
    assert attempts == (0,)
    assert await credited_on_chain(world) == 1


async def test_an_index_that_lacks_an_increment_adds_none(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """The contract has counted more than our index: a credit now might be the second for a job."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await world.credit(5)
        await world.opbnb.mine()
    await finish(world, 1)
    await index.settle()
    async with index.pool.connection() as connection:
        await connection.execute("delete from job_count_incremented")
        await connection.execute("insert into credit_adoptions select address, 2, 0, '', now() from signers")
    async with crediting(world, database_url, clock) as signer:
        await round_trip(world, index, signer, clock)

    (reason,) = await one(index.pool, "select blocked_reason from credits")
    assert "the contract has counted 1 jobs" in reason
    assert await credited_on_chain(world) == 1


async def test_a_confirmation_that_is_not_on_chain_is_not_credited(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Its log is read again by the hash of its block before it becomes an intent."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await finish(world, 2)
        await index.settle()
        async with index.pool.connection() as connection:
            await connection.execute(
                "update job_confirmed set confirmed_at = confirmed_at + 1 where block_number = "
                "(select min(block_number) from job_confirmed)"
            )
        await round_trip(world, index, signer, clock)
        waits = await complaint(signer)

    assert "1 finished job is not credited" in waits
    assert await one(index.pool, "select count(*) from credits") == (1,)
    assert await credited_on_chain(world) == 1
