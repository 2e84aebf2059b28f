"""
What must have been done once all is over, and what must never have been done: from the chains and the agents alone.

    credited      the count of each provider on opBNB = its confirmed jobs on BSC
    run           each open job with a spec and an agent, by its own provider's agent, once, and once more for a retry
"""

import json
from collections import Counter

from models.values import ZERO_ADDRESS, checksum_address
from tests.simulation.blockchain import Block
from tests.simulation.database import SimulatedConnection
from tests.simulation.effects.world import EffectsWorld
from tests.simulation.oracle import Differs


class Lost(Differs):
    """Something that had to be done was not."""


class Doubled(Differs):
    """Something was done that had been done, or must not be done at all."""


async def check(world: EffectsWorld) -> None:
    """Raise `Differs` when something was done by now that must not be done."""
    if world.watchman.wrong:
        raise Doubled("; ".join(world.watchman.wrong))
    await check_halts(world)
    check_counts(world)
    check_runs(world)
    check_messages(world)
    await check_decisions(world)


def due_credits(world: EffectsWorld, block: Block) -> Counter[bytes]:
    """Return how many jobs of each provider are confirmed as of a block of BSC."""
    jobs = world.jobs.jobs(block)
    providers = (jobs.created[job_id].provider for job_id in jobs.confirmed_in)
    return Counter(provider for provider in providers if provider != ZERO_ADDRESS)


def final_block(world: EffectsWorld) -> Block:
    """Return the newest final block of BSC."""
    block = world.jobs.at(world.jobs.finalized)
    assert block is not None, "what is final is on the chain"
    return block


def check_counts(world: EffectsWorld) -> None:
    """Raise `Doubled` when a provider was credited more often than it has final confirmations."""
    due, counts = due_credits(world, final_block(world)), world.accounts.accounts.counts
    for provider, count in counts.items():
        allowed = max(due[provider], world.past[provider])
        if count > allowed:
            raise Doubled(f"{provider.hex()} was credited {count} times, and has {allowed} final confirmations")


def check_runs(world: EffectsWorld) -> None:
    """Raise `Doubled` when a job was run more often than it may, by the wrong agent, or before it was final."""
    created = world.jobs.jobs(final_block(world)).created
    runs = [run for agent in world.agents for run in agent.runs]
    for job_id, times in Counter(run.job_id for run in runs).items():
        if times > 1 + world.petitioners.asked[job_id]:
            raise Doubled(f"job {job_id.hex()} was run {times} times")
    for run in runs:
        if run.job_id not in created or created[run.job_id].provider != run.provider:
            raise Doubled(f"job {run.job_id.hex()} was run by {run.provider.hex()}: {created.get(run.job_id)}")
    for agent in world.agents:
        if agent.astray:
            raise Doubled(f"astray: {agent.astray}")


def check_messages(world: EffectsWorld) -> None:
    """Raise `Doubled` when a job went to another subject than its provider's."""
    created = world.jobs.jobs(final_block(world)).created
    while world.bus.unread:
        message = world.bus.unread.pop()
        if message.subject.startswith("jobs.dispatch."):
            job_id = bytes.fromhex(json.loads(message.data)["jobId"][2:])
            if job_id not in created or message.subject[14:] != checksum_address(created[job_id].provider):
                raise Doubled(f"job {job_id.hex()} went to {message.subject}: {created.get(job_id)}")


async def check_halts(world: EffectsWorld) -> None:
    """
    Raise `Lost` when a signer has halted for a stranger, and there is none.

    A former backend is one whose transaction comes out of a pool after the account was adopted, and a restored
    database may take its own for one. At last a person says that they are history.
    """
    async with world.database.connection() as connection:
        rows = await connection.execute("select halted_reason from signers where halted_reason is not null")
        halted = [row[0] for row in await rows.fetchall()]
        if halted and not world.restores and not await _is_late(world, connection):
            raise Lost(f"a signer has halted, and nobody else has its key: {halted}")
        if halted and world.is_calm:
            world.counts.add("adopts")
            await connection.execute("update signers set adopts = true")


async def _is_late(world: EffectsWorld, connection: SimulatedConnection) -> bool:
    """Say whether a former backend has used a nonce above those that were adopted first."""
    row = await (await connection.execute("select min(nonces) from credit_adoptions")).fetchone()
    adopted = (row and row[0]) or 0
    blocks = world.accounts.canonical
    mined = (each.transaction for block in blocks for each in world.accounts.ledger(block).mined)
    return any(each.hash in world.former and each.nonce >= adopted for each in mined)


async def check_decisions(world: EffectsWorld) -> None:
    """Raise `Doubled` when something was decided for what is not final."""
    jobs = world.jobs.jobs(final_block(world))
    async with world.database.connection() as connection:
        credited = await (await connection.execute("select job_id, provider from credits")).fetchall()
        dispatched = await (await connection.execute("select job_id, provider from dispatches")).fetchall()
    for job_id, provider in credited:
        if job_id not in jobs.confirmed_in or jobs.created[job_id].provider != provider:
            raise Doubled(f"a credit was decided for {job_id.hex()}, whose confirmation is not final")
    for job_id, provider in dispatched:
        if job_id not in jobs.created or jobs.created[job_id].provider != provider:
            raise Doubled(f"a dispatch was decided for {job_id.hex()}, whose creation is not final")


async def has_begun(world: EffectsWorld) -> bool:
    """Say whether a signer may sign."""
    async with world.database.connection() as connection:
        return (await connection.execute("select from credit_adoptions limit 1")).rowcount > 0


async def missing(world: EffectsWorld) -> tuple[str, ...]:
    """Return what is still to be done, each in words."""
    return (*_uncredited(world), *_not_run(world), *await _not_run_again(world), *await _unreported(world))


def wanted(world: EffectsWorld) -> dict[bytes, bytes]:
    """Return the jobs that must be run, each with its provider."""
    jobs = world.jobs.jobs(world.jobs.head)
    over = jobs.confirmed_in.keys() | jobs.claimed
    return {
        job_id: each.provider
        for job_id, each in jobs.created.items()
        if job_id not in over
        and each.provider in world.plan.providers
        and (job_id, each.renter) in world.renters.handed_in
    }


async def check_nonces(world: EffectsWorld) -> None:
    """
    Raise `Lost` unless every nonce that was signed has been used, and `Doubled` when two jobs shared one.

    A database that was restored may have lost what a nonce was for.
    """
    used = world.accounts.accounts.nonce(world.signer.address)
    async with world.database.connection() as connection:
        rows = await (await connection.execute("select nonce, job_id from credit_attempts order by id")).fetchall()
    holder: dict[int, bytes] = {}
    for nonce, job_id in rows:
        if nonce >= used:
            raise Lost(f"nonce {nonce} was signed for and never used: {used} are")
        if holder.setdefault(nonce, job_id) != job_id:
            raise Doubled(f"nonce {nonce} was signed for two jobs")


def _uncredited(world: EffectsWorld) -> list[str]:
    final = world.accounts.at(world.accounts.finalized)
    assert final is not None
    counts = world.accounts.ledger(final).counts
    return [
        f"{provider.hex()} has {due} confirmed jobs and {counts.get(provider, 0)} credits"
        for provider, due in due_credits(world, world.jobs.head).items()
        if counts.get(provider, 0) < due
    ]


def _not_run(world: EffectsWorld) -> list[str]:
    ran = {run.job_id for agent in world.agents for run in agent.runs}
    return [
        f"job {job_id.hex()} of {provider.hex()} was not run"
        for job_id, provider in wanted(world).items()
        if job_id not in ran
    ]


async def _not_run_again(world: EffectsWorld) -> list[str]:
    ran = {(run.job_id, run.retry) for agent in world.agents for run in agent.runs}
    async with world.database.connection() as connection:
        rows = await connection.execute(
            """
            select job_id, max(number) from retries where number > 0 and job_id = any(%s)
            group by job_id order by job_id
            """,
            (list(wanted(world)),),
        )
        retries = await rows.fetchall()
    return [
        f"job {job_id.hex()} was not run for retry {number}"
        for job_id, number in retries
        if (job_id, number) not in ran
    ]


async def _unreported(world: EffectsWorld) -> list[str]:
    async with world.database.connection() as connection:
        rows = await connection.execute(
            "select job_id, status from jobs where job_id = any(%s) order by job_id", (list(wanted(world)),)
        )
        statuses = await rows.fetchall()
    return [f"job {job_id.hex()} is {status}" for job_id, status in statuses if status not in ("COMPLETED", "FAILED")]
