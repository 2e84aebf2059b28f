"""Find jobs and providers by what people copy from elsewhere."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from graphql_api.searching import CONCERNED_MAX, JOBS_MAX
from models.state import JOBS, PROVIDERS
from models.values import show_bytes
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import copied, serving
from tests.integration.graphql_api.market import (
    Market,
    address,
    beat,
    claimed,
    confirmed,
    created,
    credited,
    job_hex,
    moment,
    registered,
    somebody,
    transaction_hash,
)

SEARCH = (
    "query ($text: String!) { search(text: $text) { __typename ... on Job { jobId } ... on Provider { address } } }"
)
CROWD = 30


@pytest.fixture(scope="module")
async def found(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Client]:
    """An API over jobs of two people, each the other's provider, and of a crowd in one transaction."""
    async with copied(postgres, template) as url:
        market = Market(url)
        await market.commit(
            *(created(n, n, renter="anna", provider="ben", payment=1) for n in range(1, 14)),
            *(created(n, n, renter="ben", provider="anna", payment=1) for n in range(14, 27)),
            *(confirmed(1, 30), claimed(1, 31, provider="ben", amount=1)),
            *(registered("ben", 40), beat("ben", 41), credited("ben", 42, 1)),
        )
        await market.execute("update job_confirmed set transaction_hash = %s", transaction_hash(99, 0))
        await market.commit(*(created(100 + n, 50, log_index=n, renter="crowd", payment=1) for n in range(CROWD)))
        await market.execute(
            "update job_created set transaction_hash = %s where block_number = 50", transaction_hash(50, 0)
        )
        decided = {"decided_at": moment(1), "adopted": False}
        await market.note("credits", 1, provider=somebody("ben"), **decided)
        await market.sign(1, 0, transaction_hash(42, 0), moment(1))
        await market.note("credits", 2, provider=somebody("ben"), **decided)
        await market.sign(2, 1, transaction_hash(77, 0), moment(1))
        async with serving(url) as client:
            yield client


async def hits(client: Client, text: str) -> list[Any]:
    """Return the numbers of the jobs and the addresses of the providers that a text finds."""
    answer = await client.ask(SEARCH, text=text)
    return [int(hit["jobId"], 16) if hit["__typename"] == "Job" else hit["address"] for hit in answer["search"]]


@pytest.mark.parametrize("change", [str, str.lower, str.upper, lambda text: text[2:], lambda text: f" {text} "])
async def test_an_address_finds_the_provider_and_the_newest_jobs_of_both_roles(found: Client, change: Any) -> None:
    """Ten that it was to run and ten that it rents; in any case, with or without 0x."""
    expected = [address("ben"), *range(26, 16, -1), *range(13, 3, -1)]

    assert await hits(found, change(address("ben"))) == expected
    assert len(expected) == 1 + 2 * JOBS_MAX


async def test_a_renter_that_is_no_provider_is_found_by_its_jobs(found: Client) -> None:
    """The newest, by their place in the block."""
    assert await hits(found, address("crowd")) == [100 + n for n in range(CROWD - 1, CROWD - 1 - JOBS_MAX, -1)]


@pytest.mark.parametrize("change", [str, str.upper, lambda text: text[2:]])
async def test_a_job_id_finds_the_job(found: Client, change: Any) -> None:
    """In any case too."""
    assert await hits(found, change(job_hex(5))) == [5]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (3, [3]),
        (99, [1]),
        (31, [1]),
        (40, [address("ben")]),
        (41, [address("ben")]),
        (42, [1, address("ben")]),
        (77, [2]),
    ],
    ids=["created", "confirmed", "claimed", "registered", "heartbeat", "credit", "a credit that is not mined"],
)
async def test_a_transaction_finds_what_its_events_are_about(found: Client, block: int, expected: list[Any]) -> None:
    """Any event of ours; of a credit that we signed, the job that it is for as well."""
    assert await hits(found, show_bytes(transaction_hash(block, 0))) == expected


async def test_of_a_transaction_with_many_events_the_first_are_found(found: Client) -> None:
    """Anybody can put thousands into one."""
    assert await hits(found, show_bytes(transaction_hash(50, 0))) == [100 + n for n in range(CONCERNED_MAX)]


@pytest.mark.parametrize("text", ["", "RTX 4090", "0x12", "0x" + "ab" * 20, "0x" + "ab" * 32])
async def test_any_other_text_finds_nothing(found: Client, text: str) -> None:
    """Neither does what nobody has."""
    assert await hits(found, text) == []


async def test_transactions_are_found_by_an_index(schema_url: str, market: Market) -> None:
    """However many heartbeats there are, in however many partitions."""
    await market.commit(beat("ben", 41), beat("ben", 2_000_041))
    async with await psycopg.AsyncConnection.connect(schema_url, options="-c enable_seqscan=off") as connection:
        asked = "substr(transaction_hash, 1, 4) = substr(''::bytea, 1, 4) and transaction_hash = ''"
        plans = [
            str(await (await connection.execute(f"explain select from {table} where {asked}")).fetchall())
            for table, _ in (*JOBS.facts, *PROVIDERS.facts, ("credit_attempts", ""))
        ]

    assert [plan for plan in plans if "Seq Scan" in plan] == []
