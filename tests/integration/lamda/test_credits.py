"""What an operator sees and does about credits, by commands on a real database."""

from dispatch import backlog_store
from models.values import checksum_address
from runtime.database import Pool
from tests.integration.dispatch.refusing import refuse
from tests.integration.dispatch.signing import (
    Clock,
    begin,
    clock,
    credited_on_chain,
    crediting,
    execute,
    finish,
    get_under_way,
    round_trip,
)
from tests.integration.dispatch.test_credit_keys import HEIR_KEY
from tests.integration.indexer.conftest import Indexing, index, pool, world
from tests.integration.indexer.tables import one
from tests.integration.lamda.commands import lamda, settings_of
from tests.integration.local_chain import World

__all__ = ["clock", "index", "pool", "world"]

NOTHING = "no reactor has signed for this database yet"


async def test_before_anything_was_signed(world: World, pool: Pool, database_url: str) -> None:
    """The page says so, and so does each command that would act."""
    assert pool is not None
    settings = settings_of(world, database_url)
    shown = await lamda(settings, "credits")
    commands = (("pause", "fees"), ("resume",), ("adopt",), ("restored",))
    ends = [await lamda(settings, "credits", *words) for words in commands]

    assert (shown.code, NOTHING in shown.said) == (0, True)
    assert [end.code for end in ends] == [1, 1, 1, 1]
    assert "nothing to adopt" in ends[2].complaint


async def test_credits_are_shown_paused_and_resumed(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Final ones, blocked ones with their reason, what the account holds; a pause keeps new ones from being signed."""
    settings = settings_of(world, database_url)
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await refuse(world, 6)
        await finish(world, 2)
        await finish(world, 1, provider=6)
        await round_trip(world, index, signer, clock)
        shown = await lamda(settings, "credits")
        paused = await lamda(settings, "credits", "pause", "fees are high")
        await finish(world, 1, tag=1)
        await round_trip(world, index, signer, clock)
        during = await credited_on_chain(world)
        shown_paused = await lamda(settings, "credits")
        await lamda(settings, "credits", "resume")
        await round_trip(world, index, signer, clock)

        async with index.pool.connection() as connection:
            await connection.execute("delete from job_confirmed")
        left = await lamda(settings, "credits")

    assert "SIGNS" in shown.said
    assert "left the chain" not in shown.said
    assert left.said.count("left the chain: 0x") == 3, left.said
    assert "credited, and not confirmed, for 0x" in left.said
    assert "2 final, 0 given before, 0 under way, 0 waiting, 1 blocked" in shown.said
    assert "ReentrancyGuardReentrantCall()" in shown.said
    assert "BNB" in shown.said
    assert "fees are high" in paused.said
    assert "PAUSED" in shown_paused.said
    assert (during, await credited_on_chain(world)) == (2, 3)


async def test_a_halted_signer_goes_on_by_a_persons_word(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """`lamda credits` shows why it is halted, `adopt` says what is taken as history."""
    settings = settings_of(world, database_url)
    owner = "0x" + world.opbnb.accounts[0].hex()
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await world.opbnb.ask("eth_sendTransaction", {"from": owner, "to": owner, "value": "0x0", "gas": "0x5208"})
        await finish(world, 1)
        await round_trip(world, index, signer, clock)
        shown = await lamda(settings, "credits")
        adopted = await lamda(settings, "credits", "adopt")
        await round_trip(world, index, signer, clock)

    assert "HALTED" in shown.said
    assert "nonce 1 was spent" in adopted.said
    assert await one(index.pool, "select halted_reason, adopts from signers") == (None, False)
    assert await credited_on_chain(world) == 1


async def test_a_key_that_was_replaced_is_past_once_nothing_waits_for_it(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """It was halted when it was stolen: nobody is called for it any more, nor told to start a reactor with it."""
    settings = settings_of(world, database_url)
    owner = checksum_address(world.opbnb.accounts[0])
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await get_under_way(world, index, signer)
    await execute(index, "update signers set halted_reason = 'a thief', beat_at = now() - interval '1 hour'")
    alone = await lamda(settings, "credits")
    async with crediting(world, database_url, clock, key=HEIR_KEY):
        waited_for = await lamda(settings, "credits")
        await execute(index, "update credit_nonces set freed_at = now(), failure = 'spent'")
        shown, doctor = await lamda(settings, "credits"), await lamda(settings, "doctor")
        async with index.pool.connection() as connection:
            figures = await backlog_store.read_credits(connection)

    assert ("HALTED" in alone.said, "HALTED" in waited_for.said, "HALTED" in shown.said) == (True, True, False)
    assert "PAST" in shown.said
    assert "halted" not in doctor.said
    assert (owner,) not in figures["halted"]


async def test_a_restored_database_is_told_so(world: World, index: Indexing, database_url: str, clock: Clock) -> None:
    """Nonces are spent on transfers first, and the page says why nothing is credited meanwhile."""
    settings = settings_of(world, database_url)
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        said = await lamda(settings, "credits", "restored")
        await finish(world, 1)
        await index.settle()
        for _ in range(2):
            await signer.step()
        shown = await lamda(settings, "credits")
        await round_trip(world, index, signer, clock, rounds=6)

    assert "the next nonces are spent on transfers" in said.said
    assert "nonces 1 to 16 are spent on transfers first" in shown.said
    assert await credited_on_chain(world) == 1
