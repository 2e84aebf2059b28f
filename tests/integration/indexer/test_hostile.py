"""What is legal on chain never stops it: facts keep it to the byte, state replaces, shortens and clamps."""

from decimal import Decimal

from eth_abi.abi import encode
from eth_hash.auto import keccak

from models.columns import INT4_MAX
from models.values import checksum_address, show_bytes
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.conftest import Indexing, fresh_index
from tests.integration.indexer.emitter import emit, event_call, take_over
from tests.integration.indexer.tables import contents, one
from tests.integration.local_chain import World

JOB = bytes.fromhex("aa" * 32)
STRANGER = bytes.fromhex("5a" * 20)
NOBODY = bytes(20)
UINT256_MAX = 2**256 - 1

REGISTRATIONS: dict[str, tuple[bytes, int, str, int]] = {
    "ordinary": (b"NVIDIA GeForce RTX 4090", 24564, "NVIDIA GeForce RTX 4090", 24564),
    "empty": (b"", 1, "", 1),
    "vram of nothing": (b"A100", 0, "A100", 0),
    "vram beyond GraphQL's Int": (b"A100", 2**31, "A100", INT4_MAX),
    "vram of everything": (b"A100", UINT256_MAX, "A100", INT4_MAX),
    "invalid UTF-8": (b"\xff\xfe RTX \xc3", 1, "\ufffd\ufffd RTX \ufffd", 1),
    "half a surrogate pair": (b"\xed\xa0\x80", 1, "\ufffd\ufffd\ufffd", 1),
    "NUL": (b"A100\0 80GB", 1, "A100\ufffd 80GB", 1),
    "only NUL": (b"\0" * 64, 1, "\ufffd" * 64, 1),
    "20 kB": (b"x" * 20_000, 1, "x" * 120, 1),
    "20 kB of four-byte characters": ("🜂".encode() * 5_000, 1, "🜂" * 120, 1),
    "a character on the cut": ("é".encode() * 119 + "🜂🜂".encode(), 1, "é" * 119 + "🜂", 1),
    "right to left": ("\u202ertx\u202c 4090".encode(), 1, "\ufffdrtx\ufffd 4090", 1),
    "terminal colours": (b"\x1b[31mRTX\x07\r\n", 1, "\ufffd[31mRTX\ufffd\ufffd\ufffd", 1),
    "emoji and scripts": ("🚀 显卡 Ω كرت".encode(), 1, "🚀 显卡 Ω كرت", 1),
    "SQL": (b"'; drop table jobs; --", 1, "'; drop table jobs; --", 1),
    "COPY's end mark": (b"\\.\n\\N", 1, "\\.\ufffd\\N", 1),
}


async def test_any_registration_is_kept_and_shown(world: World, index: Indexing, postgres: EmbeddedPostgres) -> None:
    """Bytes stay as they came; a person reads clean text of at most 120 characters and a vram that fits GraphQL."""
    providers = {name: keccak(name.encode())[:20] for name in REGISTRATIONS}
    for name, (gpu_model, vram, _, _) in REGISTRATIONS.items():
        await register(world, providers[name], gpu_model, vram)
    await world.opbnb.mine(len(REGISTRATIONS))
    await index.settle()

    kept = {name: await fact_of(index, provider) for name, provider in providers.items()}
    shown = {name: await row_of(index, provider) for name, provider in providers.items()}

    assert {name: (model, vram) for name, (model, vram, _, _) in REGISTRATIONS.items()} == kept
    assert {name: (model, vram) for name, (_, _, model, vram) in REGISTRATIONS.items()} == shown
    assert await fresh_index(world, postgres) == await contents(index.pool)


async def test_a_huge_payment_is_exact(world: World, index: Indexing) -> None:
    """What no float and no 64-bit number holds comes through in facts, state and feed."""
    wei = 2**127 + 1  # Anvil's own limit is 128 bits; the emitter goes further below.
    await world.bsc.ask("anvil_setBalance", show_bytes(world.bsc.accounts[1]), hex(2 * wei))
    await world.create_job(JOB, wei=wei)
    await world.bsc.mine()
    await world.confirm(JOB)
    await world.bsc.mine()
    await world.claim(JOB)
    await world.bsc.mine()
    await index.settle()

    assert await one(index.pool, "select payment, escrow from jobs") == (Decimal(wei), "CLAIMED")
    assert await one(index.pool, "select amount from payment_claimed") == (Decimal(wei),)
    assert await one(index.pool, "select after ->> 'payment' from changes where kind = 'CREATED'") == (str(wei),)


async def test_numbers_at_their_limit(world: World, index: Indexing) -> None:
    """The largest uint256 stands exactly in every fact; state clamps what GraphQL shows as Int."""
    await take_over(world.bsc, world.job_manager)
    await take_over(world.opbnb, world.node_reputation)
    for call in (
        event_call("JobCreated", JOB, STRANGER, STRANGER, UINT256_MAX),
        event_call("JobConfirmed", JOB, UINT256_MAX),
        event_call("PaymentClaimed", JOB, STRANGER, UINT256_MAX),
    ):
        await emit(world.bsc, world.job_manager, call)
    await emit(world.opbnb, world.node_reputation, event_call("NodeHeartbeat", STRANGER, UINT256_MAX))
    await emit(world.opbnb, world.node_reputation, event_call("JobCountIncremented", STRANGER, UINT256_MAX))
    await index.settle()

    everything = Decimal(UINT256_MAX)
    facts = "select payment, confirmed_at, amount from job_created, job_confirmed, payment_claimed"
    assert await one(index.pool, facts) == (everything, everything, everything)
    facts = "select timestamp, new_count from node_heartbeat, job_count_incremented"
    assert await one(index.pool, facts) == (everything, everything)
    assert await one(index.pool, "select payment, status, escrow from jobs") == (everything, "COMPLETED", "CLAIMED")
    assert await one(index.pool, "select reputation_score, total_jobs_completed from providers") == (INT4_MAX, INT4_MAX)


async def test_a_job_for_the_zero_address_is_unassigned(world: World, index: Indexing) -> None:
    """Nobody is named: the fact keeps the zeros, the row has no provider."""
    await world.create_job(JOB, provider=NOBODY)
    await world.bsc.mine()
    await index.settle()

    assert await one(index.pool, "select provider from job_created") == (NOBODY,)
    assert await one(index.pool, "select provider, status from jobs") == (None, "CREATED")


async def test_a_provider_may_beat_and_be_credited_without_registering(
    world: World, index: Indexing, postgres: EmbeddedPostgres
) -> None:
    """Such a provider is shown with what is known, and gets its model when it registers after all."""
    known = "select wallet_address, gpu_model, vram, is_online, reputation_score, source_block is null from providers"
    await take_over(world.opbnb, world.node_reputation)
    seen = []
    for call in (
        event_call("JobCountIncremented", STRANGER, 3),
        event_call("NodeHeartbeat", STRANGER, 1),
        event_call("NodeRegistered", STRANGER, b"H100", 81559),
    ):
        await emit(world.opbnb, world.node_reputation, call)
        await index.settle()
        seen.append((await one(index.pool, known))[1:])

    assert seen == [("", 0, False, 3, True), ("", 0, True, 3, True), ("H100", 81559, True, 3, False)]
    assert (await one(index.pool, known))[0] == checksum_address(STRANGER)
    assert await fresh_index(world, postgres) == await contents(index.pool)


async def test_a_confirmation_may_come_without_its_job(
    world: World, index: Indexing, postgres: EmbeddedPostgres
) -> None:
    """The fact is kept, no row appears, and the day the job is created it counts."""
    await take_over(world.bsc, world.job_manager)
    await emit(world.bsc, world.job_manager, event_call("JobConfirmed", JOB, 1))
    await index.settle()
    orphan = await one(index.pool, "select (select count(*) from job_confirmed), (select count(*) from jobs)")

    await emit(world.bsc, world.job_manager, event_call("JobCreated", JOB, STRANGER, STRANGER, 7))
    await index.settle()

    assert orphan == (1, 0)
    assert await one(index.pool, "select status, escrow from jobs") == ("COMPLETED", "CONFIRMED")
    assert await fresh_index(world, postgres) == await contents(index.pool)


async def test_a_claim_may_come_without_confirmation(world: World, index: Indexing) -> None:
    """Who was paid has finished: the contract out there may know ways that ours does not."""
    await take_over(world.bsc, world.job_manager)
    await emit(world.bsc, world.job_manager, event_call("JobCreated", JOB, STRANGER, STRANGER, 7))
    await emit(world.bsc, world.job_manager, event_call("PaymentClaimed", JOB, STRANGER, 7))
    await index.settle()

    assert await one(index.pool, "select status, escrow, confirmed_at from jobs") == ("COMPLETED", "CLAIMED", None)


async def test_of_two_jobs_with_one_id_the_first_counts(
    world: World, index: Indexing, postgres: EmbeddedPostgres
) -> None:
    """The second creation changes nothing of the row; both are kept as facts."""
    await take_over(world.bsc, world.job_manager)
    await emit(world.bsc, world.job_manager, event_call("JobCreated", JOB, STRANGER, STRANGER, 7))
    await emit(world.bsc, world.job_manager, event_call("JobCreated", JOB, world.bsc.accounts[3], NOBODY, 9))
    await index.settle()

    assert await one(index.pool, "select count(*) from job_created") == (2,)
    assert await one(index.pool, "select renter, payment from jobs") == (checksum_address(STRANGER), Decimal(7))
    assert await fresh_index(world, postgres) == await contents(index.pool)


async def register(world: World, provider: bytes, gpu_model: bytes, vram: int) -> None:
    """Put a `registerNode` by any address into opBNB's pool, with gas for 20 kB."""
    data = keccak(b"registerNode(string,uint256)")[:4] + encode(["bytes", "uint256"], [gpu_model, vram])
    await world.opbnb.ask("anvil_impersonateAccount", show_bytes(provider))
    await world.opbnb.ask("anvil_setBalance", show_bytes(provider), hex(10**18))
    transaction = {"from": show_bytes(provider), "to": show_bytes(world.node_reputation.contract)}
    await world.opbnb.ask("eth_sendTransaction", {**transaction, "data": show_bytes(data), "gas": hex(16_000_000)})


async def fact_of(index: Indexing, provider: bytes) -> tuple[bytes, int]:
    model, vram = await one(index.pool, "select gpu_model, vram from node_registered where provider = %s", provider)
    return model, int(vram)


async def row_of(index: Indexing, provider: bytes) -> tuple[str, int]:
    address = checksum_address(provider)
    model, vram = await one(index.pool, "select gpu_model, vram from providers where wallet_address = %s", address)
    return model, vram
