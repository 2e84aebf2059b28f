"""How an operation reads: one snapshot, and as many statements as the question has parts, whatever the rows."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from graphql_api.errors import TooSlow, Unavailable
from graphql_api.orders import job_order
from graphql_api.pages import Page
from graphql_api.program import open_world
from graphql_api.reading import Reading, World
from graphql_api.schema import build
from graphql_api.visits import Visit
from models.values import Chain
from runtime.settings import AccountSettings, ApiSettings
from tests.integration.graphql_api.counting import statements
from tests.integration.graphql_api.market import Market, address, beat, claimed, created, job_id, registered

EVERYTHING = """{
    jobs { nodes { jobId source { block { final } } provider {
        address earned uptime uptimeHistory source { block { final } }
        jobs(first: 2) { nodes { provider { earned } } totalCount }
    } } totalCount }
    providers { edges { node { earned uptime(days: 9)
        jobs { nodes { payment } pageInfo { hasNextPage } totalCount }
    } } totalCount }
}"""

AS_OF = "asOf: [{ chain: BSC, block: 900 }, { chain: OPBNB, block: 900 }]"
PAST = f"""{{
    provider(address: "{address("provider 1")}", {AS_OF}) {{
        earned
        jobs {{ totalCount nodes {{
            reason credit {{ status }} timeline {{ kind }} provider {{ earned jobs(first: 2) {{ totalCount }} }}
        }} }}
    }}
}}"""


@pytest.fixture
async def world(schema_url: str) -> AsyncIterator[World]:
    """What the operations of one process share."""
    async with open_world(_settings(), database_url=schema_url) as opened:
        yield opened


def _settings(**chosen: object) -> ApiSettings:
    return ApiSettings.model_validate(chosen)


async def _commit(market: Market, first: int, last: int) -> None:
    for number in range(first, last + 1):
        name = f"provider {number % 20}"
        await market.commit(
            registered(name, number),
            created(number, number, provider=name, payment=number),
            claimed(number, number, log_index=1, provider=name, amount=number),
        )


async def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(world: World, market: Market) -> None:
    """Three levels of lists in each other take the same few statements for one row as for many."""
    await market.checkpoint(Chain.BSC, number=0)
    await _commit(market, 1, 1)
    for_one = await statements(world, EVERYTHING)
    await _commit(market, 2, 60)
    for_many = await statements(world, EVERYTHING)

    assert for_one == for_many <= 14


async def test_nor_does_it_as_of_a_block(world: World, market: Market) -> None:
    """What was is asked for many jobs at once too."""
    for chain in Chain:
        await market.checkpoint(chain, number=1000)
    await _commit(market, 1, 1)
    for_one = await statements(world, PAST)
    await _commit(market, 2, 60)
    for_many = await statements(world, PAST)

    assert for_one == for_many <= 12


async def test_a_question_that_needs_no_row_opens_no_transaction(world: World) -> None:
    """`__typename` costs the database nothing."""
    assert await statements(world, "{ __typename }") == 0


async def test_rows_are_read_once_for_all_fields_of_a_list(world: World) -> None:
    """Edges, nodes and page info are one page; the second statement asks for the blocks that the answer names."""
    query = "{ jobs { edges { cursor } nodes { jobId } pageInfo { hasNextPage } } }"

    assert await statements(world, query) == 2


async def test_the_blocks_that_an_answer_names_are_asked_for_once(world: World) -> None:
    """Fields that need them share them."""
    assert await statements(world, "{ chains { head } a: chains { indexed { final } } }") == 1


async def test_a_count_alone_reads_no_rows(world: World) -> None:
    """Nobody asked for a page: the count, and the blocks."""
    assert await statements(world, "{ jobs { totalCount } }") == 2


async def test_one_answer_stands_on_one_block(world: World, market: Market) -> None:
    """What is committed while an answer is under way is in none of its parts."""
    await market.commit(created(1, 10, payment=1))
    reading = Reading(world)
    page = Page(order=job_order())
    try:
        before = len((await reading.jobs((), page)).rows)
        await market.commit(created(2, 11, payment=1), beat("provider", 12))

        assert (before, await reading.job_count(())) == (1, 1)
        assert await reading.provider(address("provider")) is None
    finally:
        await reading.close()


async def test_a_closed_reading_reads_a_new_snapshot(world: World, market: Market) -> None:
    """Each event of a subscription is read as it is by then."""
    reading = Reading(world)
    assert await reading.job(job_id(1)) is None
    await market.commit(created(1, 10, payment=1))

    await reading.close()

    assert await reading.job(job_id(1)) is not None
    await reading.close()


async def test_an_answer_cannot_write(world: World) -> None:
    """The transaction is read-only, so no mistake of ours changes a row."""
    reading = Reading(world)
    await reading.job(job_id(1))
    connection = reading.snapshot.connection
    assert connection is not None

    assert [row[0] async for row in await connection.execute("show transaction_read_only")] == ["on"]
    assert [row[0] async for row in await connection.execute("show transaction_isolation")] == ["repeatable read"]
    await reading.close()


async def test_connections_come_back_whatever_happens(schema_url: str, market: Market) -> None:
    """Answers that fail in the middle leave no connection behind."""
    await market.execute("drop table payment_claimed")
    await market.commit(registered("provider", 1))
    schema = build()
    async with open_world(_settings(api_database_connections=2), database_url=schema_url) as world:
        for _ in range(3):
            failed = "{ providers { nodes { earned } } jobs { totalCount } }"
            assert (await schema.execute(failed, context_value=Visit(world=world))).errors

        assert (await schema.execute("{ jobs { totalCount } }", context_value=Visit(world=world))).errors is None


async def test_a_slow_statement_ends_and_says_what_to_do(schema_url: str) -> None:
    """The limit is a setting; all that is asked after it in the same answer fails the same way."""
    settings = _settings(api_statement_timeout_seconds=0.2)
    async with (
        open_world(settings, database_url=schema_url) as world,
        await psycopg.AsyncConnection.connect(schema_url) as other,
    ):
        await other.execute("lock table jobs in access exclusive mode")
        reading = Reading(world)
        with pytest.raises(
            TooSlow, match="needed too long for this: ask for less, or in an order that has an index: CREATED"
        ):
            await reading.job_count(())
        with pytest.raises(TooSlow):
            await reading.checkpoints()
        await reading.close()

        assert await reading.checkpoints() == []
        await reading.close()


async def test_a_database_that_went_away_is_said_to_be_unavailable(world: World, market: Market) -> None:
    """A connection that breaks in the middle of an answer is not an internal error."""
    reading = Reading(world)
    await reading.checkpoints()
    await market.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lamda-api' and pid != 0"
    )

    with pytest.raises(Unavailable, match="cannot be reached, or is too busy: try again"):
        await reading.job_count(())
    await reading.close()

    assert await reading.job_count(()) == 0
    await reading.close()


async def test_an_answer_that_failed_keeps_no_connection(schema_url: str) -> None:
    """Its other fields were about to ask when one of them was refused; nobody waits for them any more."""
    query = "{ chains { head } jobs(first: -1) { totalCount } }"
    async with open_world(ApiSettings(), database_url=schema_url, accounts=AccountSettings()) as world:
        schema = build()
        for _ in range(3):
            await schema.execute(query, context_value=Visit(world=world))
        result = await schema.execute("{ chains { head } }", context_value=Visit(world=world))
        stats = world.pool.get_stats()

        assert (None, stats["pool_size"]) == (result.errors, stats["pool_available"])
