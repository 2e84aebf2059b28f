"""The typed calls against the real contracts on a real chain, and the contracts' own rules."""

import asyncio
import secrets

import pytest
from web3.types import RPCEndpoint

from chain.connection import Connection, NotMined, Reverted
from chain.contracts import JobManager, JobStatistics, NodeReputation, deploy
from chain.errors import Refused, TryAgain
from chain.wallet import PRIORITY_FEE_MIN_WEI, Wallet
from devnet.accounts import private_key
from models.values import ZERO_ADDRESS, checksum_address
from tests.integration.anvils import anvil

PAYMENT_WEI = 2**63 + 1
STRANGER = b"\x99" * 20


@pytest.fixture(scope="session")
def renter(connection: Connection) -> Wallet:
    """Somebody who pays."""
    return Wallet(connection, private_key(1))


@pytest.fixture(scope="session")
def provider(connection: Connection) -> Wallet:
    """Somebody who is paid."""
    return Wallet(connection, private_key(5))


async def create_job(jobs: JobManager, renter: Wallet, provider: bytes) -> bytes:
    """Create a job and return its id."""
    job_id = secrets.token_bytes(32)
    sent = await jobs.create_job(renter, job_id=job_id, provider=provider, payment_wei=PAYMENT_WEI)
    await jobs.connection.receipt(sent)
    return job_id


async def test_a_job_goes_from_payment_to_payout(jobs: JobManager, renter: Wallet, provider: Wallet) -> None:
    """Created, confirmed, claimed: the contract counts each, and escrow is empty again."""
    before = await jobs.statistics()

    job_id = await create_job(jobs, renter, provider.address)
    created = await jobs.job(job_id)
    held = await jobs.statistics()
    await jobs.connection.receipt(await jobs.confirm_result(renter, job_id))
    poorer = await provider.balance_wei()
    await jobs.connection.receipt(await jobs.claim_reward(provider, job_id))
    richer = await provider.balance_wei()

    assert (created.job_id, created.renter, created.provider) == (job_id, renter.address, provider.address)
    assert (created.payment_wei, created.confirmed_at) == (PAYMENT_WEI, 0)
    assert held.escrow_wei == before.escrow_wei + PAYMENT_WEI
    assert 0 < PAYMENT_WEI - (richer - poorer) < 10**16, "the payout, less the gas"
    assert await jobs.statistics() == JobStatistics(
        created=before.created + 1, completed=before.completed + 1, escrow_wei=before.escrow_wei
    )


async def test_a_job_for_nobody_is_let_through(jobs: JobManager, renter: Wallet) -> None:
    """The zero address as provider is legal on chain."""
    job_id = await create_job(jobs, renter, ZERO_ADDRESS)

    assert (await jobs.job(job_id)).provider == ZERO_ADDRESS


async def test_an_unknown_job_is_all_zeros(jobs: JobManager) -> None:
    """The contract has no word for absence."""
    found = await jobs.job(b"\x77" * 32)

    assert (found.renter, found.payment_wei, found.status) == (ZERO_ADDRESS, 0, 0)


async def test_views_answer_as_of_a_block(jobs: JobManager, renter: Wallet) -> None:
    """What a block did not know yet is not in its answer."""
    receipt = await jobs.connection.receipt(
        await jobs.create_job(renter, job_id=secrets.token_bytes(32), provider=STRANGER, payment_wei=1)
    )

    before = await jobs.statistics(at=receipt.block_number - 1)
    after = await jobs.statistics(at=receipt.block_number)

    assert (after.created, after.escrow_wei) == (before.created + 1, before.escrow_wei + 1)


async def test_the_contract_says_why_it_refuses(jobs: JobManager, renter: Wallet, provider: Wallet) -> None:
    """Each rule of JobManager comes back as the contract's own reason, and nothing is sent."""
    job_id = await create_job(jobs, renter, provider.address)

    with pytest.raises(Reverted, match="payment is zero"):
        await jobs.create_job(renter, job_id=secrets.token_bytes(32), provider=STRANGER, payment_wei=0)
    with pytest.raises(Reverted, match="job id is taken"):
        await jobs.create_job(renter, job_id=job_id, provider=STRANGER, payment_wei=1)
    with pytest.raises(Reverted, match="caller is not the renter"):
        await jobs.confirm_result(provider, job_id)
    with pytest.raises(Reverted, match="job is not confirmed"):
        await jobs.claim_reward(provider, job_id)


async def test_a_job_is_confirmed_once_and_claimed_once(jobs: JobManager, renter: Wallet, provider: Wallet) -> None:
    """Neither the renter nor the provider can do their part twice, and nobody else can claim."""
    job_id = await create_job(jobs, renter, provider.address)
    await jobs.connection.receipt(await jobs.confirm_result(renter, job_id))

    with pytest.raises(Reverted, match="job is not open"):
        await jobs.confirm_result(renter, job_id)
    with pytest.raises(Reverted, match="caller is not the provider"):
        await jobs.claim_reward(renter, job_id)
    await jobs.connection.receipt(await jobs.claim_reward(provider, job_id))
    with pytest.raises(Reverted, match="job is not confirmed"):
        await jobs.claim_reward(provider, job_id)


async def test_a_provider_registers_beats_and_registers_again(reputation: NodeReputation, provider: Wallet) -> None:
    """The second registration replaces the first and counts nobody twice."""
    receipt = reputation.connection.receipt
    before = await reputation.total_providers()

    await receipt(await reputation.register_node(provider, gpu_model=b"NVIDIA L4", vram_mib=23034))
    await receipt(await reputation.send_heartbeat(provider))
    await receipt(await reputation.register_node(provider, gpu_model=b"NVIDIA H100 PCIe", vram_mib=81559))
    found = await reputation.provider(provider.address)

    assert (found.gpu_model, found.vram_mib, found.is_registered) == (b"NVIDIA H100 PCIe", 81559, True)
    assert await reputation.total_providers() == before + 1
    assert await reputation.is_provider_active(provider.address)
    assert await reputation.active_providers() >= 1


@pytest.mark.parametrize("gpu_model", [b"", b"\0", b"\xff\xfe", b"x" * 20_000], ids=["empty", "NUL", "bytes", "20 kB"])
async def test_hostile_text_goes_in_and_comes_out(
    reputation: NodeReputation, connection: Connection, gpu_model: bytes
) -> None:
    """The contract keeps any bytes and any number, and so do we."""
    hostile = Wallet(connection, private_key(9))

    await connection.receipt(await reputation.register_node(hostile, gpu_model=gpu_model, vram_mib=2**256 - 1))
    found = await reputation.provider(hostile.address)

    assert (found.gpu_model, found.vram_mib) == (gpu_model, 2**256 - 1)


async def test_only_the_registered_beat(reputation: NodeReputation, connection: Connection) -> None:
    """A heartbeat without a registration is refused."""
    with pytest.raises(Reverted, match="caller is not registered"):
        await reputation.send_heartbeat(Wallet(connection, private_key(8)))


async def test_only_the_owner_credits(reputation: NodeReputation, deployer: Wallet, provider: Wallet) -> None:
    """Others get the error of the ABI, spelled with what it carries; a repeat counts again."""
    with pytest.raises(Reverted) as refused:
        await reputation.increment_jobs(provider, STRANGER)
    for _ in range(2):
        await reputation.connection.receipt(await reputation.increment_jobs(deployer, STRANGER))

    assert refused.value.reason.lower() == f"OwnableUnauthorizedAccount({checksum_address(provider.address)})".lower()
    assert (await reputation.provider(STRANGER)).job_count == 2
    assert await reputation.owner() == deployer.address


async def test_transactions_sent_together_have_nonces_of_their_own(jobs: JobManager, renter: Wallet) -> None:
    """One wallet may send from several tasks at once."""
    creations = (
        jobs.create_job(renter, job_id=secrets.token_bytes(32), provider=STRANGER, payment_wei=1) for _ in range(8)
    )

    hashes = await asyncio.gather(*creations)
    receipts = await asyncio.gather(*map(jobs.connection.receipt, hashes))

    assert len({receipt.transaction_hash for receipt in receipts}) == 8


async def test_fees_are_enough_for_opbnb(connection: Connection, jobs: JobManager, renter: Wallet) -> None:
    """The tip is what opBNB asks for at least."""
    sent = await jobs.create_job(renter, job_id=secrets.token_bytes(32), provider=STRANGER, payment_wei=1)

    transaction = await connection.web3.eth.get_transaction(sent)  # type: ignore[arg-type]  # Bytes are a hash.

    assert transaction["maxPriorityFeePerGas"] >= PRIORITY_FEE_MIN_WEI
    assert transaction["maxFeePerGas"] >= transaction["maxPriorityFeePerGas"]


async def test_a_transaction_reverted_in_its_block_is_told_from_one_that_worked() -> None:
    """Two jobs of one id pass the estimate together; the second is mined and reverted."""
    with anvil(chain_id=56) as url:
        async with Connection(url) as connection:
            wallet = Wallet(connection, private_key(1))
            jobs = JobManager(connection, (await deploy(wallet, "JobManager")).address)
            job_id, ask = secrets.token_bytes(32), connection.web3.provider.make_request
            await ask(RPCEndpoint("evm_setAutomine"), [False])
            hashes = [await jobs.create_job(wallet, job_id=job_id, provider=STRANGER, payment_wei=1) for _ in range(2)]
            await ask(RPCEndpoint("evm_mine"), [])

            await connection.receipt(hashes[0])
            with pytest.raises(Reverted, match="was reverted"):
                await connection.receipt(hashes[1])


async def test_waiting_for_a_receipt_ends(connection: Connection) -> None:
    """A transaction that nobody knows is not waited for without end."""
    with pytest.raises(NotMined):
        await connection.receipt(b"\x01" * 32, timeout_seconds=0.2)


async def test_an_address_without_the_contract_is_named(connection: Connection) -> None:
    """No code answers nothing, and the message says which call to which address."""
    with pytest.raises(Refused, match=rf"totalProviders of NodeReputation at {checksum_address(STRANGER)}"):
        await NodeReputation(connection, STRANGER).total_providers()


async def test_an_endpoint_that_is_not_there_is_worth_another_try() -> None:
    """A connection refused is no answer."""
    async with Connection("http://127.0.0.1:9") as nowhere:
        with pytest.raises(TryAgain, match=r"127\.0\.0\.1:9"):
            await NodeReputation(nowhere, STRANGER).total_providers()


async def test_calls_that_are_cancelled_hinder_nobody(reputation: NodeReputation) -> None:
    """Whatever a stop interrupts, the next call is answered."""
    for _ in range(20):
        calls = [asyncio.create_task(reputation.total_providers()) for _ in range(5)]
        await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async with asyncio.timeout(5):
        assert await reputation.total_providers() >= 0


async def test_connection_leaves_no_session_open(chain_url: str) -> None:
    """Opening and closing many connections leaves nothing to warn about: warnings are errors here."""
    for _ in range(3):
        async with Connection(chain_url) as connection:
            assert await connection.web3.eth.chain_id == 5611
