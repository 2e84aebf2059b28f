"""What the API says as of a block is what it says over an index that stopped there."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

import migrations
from graphql_api.answering import AnsweringSchema
from graphql_api.program import open_world
from graphql_api.reading import World as Shared
from graphql_api.schema import build
from graphql_api.visits import Visit
from models.values import checksum_address, show_bytes
from runtime.database import Pool, open_pool
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.settings import AccountSettings, ApiSettings
from tests.integration.graphql_api.market import Market, moment
from tests.integration.indexer.activity import PROVIDERS, Activity
from tests.integration.indexer.conftest import Indexing, indexing
from tests.integration.local_chain import World

OFFLINE_AFTER = timedelta(seconds=4)
STOPS = (2, 6, 10, 15)
ADMIN = bytes.fromhex("ad" * 20)

SOURCE = "source { block { chain number hash timestamp final } transactionHash logIndex }"
JOB = f"""
    id jobId renter providerAddress payment status escrow hasSpec createdAt assignedAt startedAt completedAt failedAt
    confirmedAt claimedAt updatedAt error outputUrl reason {SOURCE}
    spec {{ dockerImage }} dispatch {{ attempts firstSentAt acknowledgedAt stalled }}
    credit {{ status transactionHash nonce attempts finalAt }}
    timeline {{ kind at detail {SOURCE} }}
"""
PROVIDER = f"""
    id address gpuModel vramMib isOnline lastSeenAt registeredAt reputationScore totalJobsCompleted earned updatedAt
    {SOURCE}
    newest: jobs(first: 5) {{ totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ jobId status escrow }} }}
    paid: jobs(filter: {{ escrow: CLAIMED }}, orderBy: {{ field: UPDATED }}) {{ totalCount nodes {{ {JOB} }} }}
"""
ASK_JOB = f"""query ($key: Bytes32!, $asOf: [At!]) {{
    it: job(jobId: $key, asOf: $asOf) {{ {JOB} provider {{ {PROVIDER} }} }} }}"""
ASK_PROVIDER = f"query ($key: Address!, $asOf: [At!]) {{ it: provider(address: $key, asOf: $asOf) {{ {PROVIDER} }} }}"

ON_BSC = ("payment", "status", "escrow", "confirmedAt", "claimedAt", "updatedAt", "source")
ON_OPBNB = ("gpuModel", "vramMib", "isOnline", "lastSeenAt", "registeredAt", "reputationScore", "updatedAt", "source")


@dataclass(frozen=True, kw_only=True)
class Office:
    """The API over an index."""

    index: Indexing
    market: Market
    schema: AnsweringSchema
    shared: Shared
    token: str

    async def ask(self, query: str, key: str, as_of: Mapping[str, int] | None = None) -> Any:
        """Return what the API says of one job or provider."""
        blocks = None if as_of is None else [{"chain": chain, "block": block} for chain, block in as_of.items()]
        visit = Visit(world=self.shared, authorization=f"Bearer {self.token}")
        result = await self.schema.execute(query, variable_values={"key": key, "asOf": blocks}, context_value=visit)
        assert result.errors is None, (result.errors, key, as_of)
        return result.data["it"]

    async def everything(self, world: World, jobs: list[str], as_of: Mapping[str, int] | None = None) -> Any:
        """Return what the API says of every job and every provider."""
        told = {job: await self.ask(ASK_JOB, job, as_of) for job in jobs}
        return told | {who: await self.ask(ASK_PROVIDER, who, as_of) for who in everybody(world)}


@asynccontextmanager
async def office(world: World, url: str, *, to_block: int | None = None) -> AsyncIterator[Office]:
    """Open an index of a world, up to a block, and the API over it."""
    accounts = AccountSettings(admin_addresses=frozenset([ADMIN]))
    settings = ApiSettings.model_validate({"provider_offline_after_seconds": OFFLINE_AFTER.total_seconds()})
    async with (
        open_pool(url, program="test", size=4) as pool,
        open_world(settings, database_url=url, accounts=accounts) as shared,
        indexing(world, pool, to_block=to_block, offline_after=OFFLINE_AFTER) as index,
    ):
        token = (await shared.accounts.open_session(ADMIN, timedelta(hours=1))).token
        yield Office(index=index, market=Market(url), schema=build(), shared=shared, token=token)


def part(told: Any, names: tuple[str, ...]) -> Any:
    """Return some fields of what is told, if anything is."""
    return told and {name: told[name] for name in names}


def everybody(world: World) -> list[str]:
    """Return the accounts that are providers, and one that is not."""
    return [checksum_address(world.opbnb.accounts[each]) for each in (*PROVIDERS, 8)]


async def note(market: Market, jobs: list[tuple[bytes, bytes, bytes]], increments: list[tuple[bytes, bytes]]) -> None:
    """Let much happen off chain: specs, attempts, reports, and credits whose transactions are those increments."""
    for place, (job_id, renter, provider) in enumerate(jobs):
        number = int.from_bytes(job_id)
        spec = {"renter": renter, "docker_image": "image", "submitted_at": moment(1)}
        await market.note("job_specs", number, **spec)
        if place % 3 == 0:
            sent = {"attempt": 1, "provider": provider, "token": "t", "decided_at": moment(2)}
            await market.note("dispatches", number, published_at=moment(2), **sent)
        if place % 6 == 0:
            said = {"attempt": 1, "provider": provider, "received_at": moment(3)}
            await market.note("agent_reports", number, status="failed", message="no", **said)
        transaction = next((hash_ for who, hash_ in increments if who == provider), None)
        if place % 2 and transaction is not None:
            increments.remove((provider, transaction))
            await market.note("credits", number, provider=provider, decided_at=moment(4), adopted=False)
            await market.sign(number, place, transaction, moment(4), sent_at=moment(4))


async def facts(pool: Pool, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    async with pool.connection() as connection:
        return await (await connection.execute(query.encode())).fetchall()


@pytest.fixture
async def lived(world: World, pool: Pool) -> AsyncIterator[Office]:
    """The API over an index of everything that happened in a world, reorgs among it."""
    async with office(world, str(pool.conninfo)) as full:
        activity = Activity(world, seed=7)
        for step in range(17):
            await activity.step()
            if step % 6 == 5:
                await full.index.settle()
                await activity.reorg()
        await full.index.settle()
        yield full


@pytest.fixture
async def other_url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The URL of another migrated database."""
    url = await postgres.create_database("stopped")
    await asyncio.to_thread(migrations.upgrade, url)
    yield url
    await postgres.drop_database("stopped")


@pytest.fixture
async def stopped(world: World, lived: Office, other_url: str) -> dict[int, Any]:
    """What the API says over an index that stops at one block after the other, with the same facts from off chain."""
    told = {}
    jobs = await facts(lived.index.pool, "select job_id, renter, provider from job_created order by block_number")
    increments = await facts(lived.index.pool, "select provider, transaction_hash from job_count_incremented")
    for market in (lived.market, Market(other_url)):
        await note(market, jobs, [*increments])
    for stop in STOPS:
        async with office(world, other_url, to_block=stop) as index:
            await index.index.settle()
            told[stop] = await index.everything(world, [show_bytes(job_id) for job_id, _, _ in jobs])
    return told


async def test_as_of_a_block_all_is_as_an_index_stopped_there_shows_it(
    world: World, lived: Office, stopped: dict[int, Any]
) -> None:
    """Every field of every job and provider; with each chain as of a block of its own; and as of the newest block."""
    jobs = [key for key in stopped[STOPS[0]] if key not in everybody(world)]
    standing = {
        chain.upper(): number
        for chain, number in await facts(lived.index.pool, "select chain, number from checkpoints")
    }
    told = {stop: await lived.everything(world, jobs, {"BSC": stop, "OPBNB": stop}) for stop in STOPS}
    mixed = await lived.everything(world, jobs, {"BSC": STOPS[-1], "OPBNB": STOPS[2]})

    assert len(jobs) > 8
    assert told == stopped
    assert len({repr(each) for each in told.values()}) == len(STOPS)
    for job in jobs:
        expected, got = stopped[STOPS[-1]][job], mixed[job]
        assert part(expected, ON_BSC) == part(got, ON_BSC)
        who = got and got["providerAddress"]
        assert part(stopped[STOPS[2]].get(who), ON_OPBNB) == part(got and got["provider"], ON_OPBNB)
    assert await lived.everything(world, jobs) == await lived.everything(world, jobs, standing)
