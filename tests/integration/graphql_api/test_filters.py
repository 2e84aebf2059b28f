"""Filters of lists, and arguments that are refused."""

from typing import Any

import pytest

from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import (
    address,
    shown,
)
from tests.integration.graphql_api.stock import JOBS, PROVIDERS, ids, names

JOB_FILTERS = [
    ({"status": "COMPLETED"}, {3, 5}),
    ({"statusIn": ["COMPLETED", "CREATED"]}, {1, 2, 3, 4, 5, 6, 7}),
    ({"statusIn": []}, set()),
    ({"status": None, "renter": None}, {1, 2, 3, 4, 5, 6, 7}),
    ({"status": "COMPLETED", "statusIn": ["FAILED"]}, set()),
    ({"escrow": "CONFIRMED"}, {3}),
    ({"escrow": "CLAIMED"}, {5}),
    ({"renter": address("anna").lower()}, {1, 2}),
    ({"renter": "0x" + address("anna")[2:].upper()}, {1, 2}),
    ({"provider": address("p")}, {3, 4}),
    ({"provider": address("p"), "status": "CREATED"}, {4}),
    ({"minPayment": "6"}, {6, 7}),
    ({"maxPayment": "1"}, {1}),
    ({"minPayment": "2", "maxPayment": "6"}, {2, 3, 4, 5, 6}),
    ({"createdAfter": shown(12)}, {6, 7}),
    ({"createdBefore": shown(11)}, {1}),
    ({"createdAfter": "2026-01-01T01:00:11+01:00", "createdBefore": shown(13)}, {5}),
]


@pytest.mark.parametrize(("chosen", "expected"), JOB_FILTERS)
async def test_filters_of_jobs(full: Client, chosen: Any, expected: set[int]) -> None:
    """All conditions hold at once; null asks nothing; an empty list is met by nothing."""
    data = (await full.ask(JOBS, filter=chosen))["jobs"]

    assert (expected, len(expected)) == (set(ids(data)), data["totalCount"])


PROVIDER_FILTERS = [
    ({"isOnline": True}, "abe"),
    ({"isOnline": False}, "cd"),
    ({"gpuModel": "RTX 4090"}, "bc"),
    ({"gpuModelIn": ["A100", "H100"]}, "ad"),
    ({"minVramMib": 81559}, "ad"),
    ({"maxVramMib": 24564}, "bce"),
    ({"minReputation": 3}, "abcd"),
    ({"addressIn": [address("a").lower(), address("e")]}, "ae"),
    ({"isOnline": True, "minReputation": 3}, "ab"),
]


@pytest.mark.parametrize(("chosen", "expected"), PROVIDER_FILTERS)
async def test_filters_of_providers(full: Client, chosen: Any, expected: str) -> None:
    """A model is matched by its whole name, limits count themselves."""
    data = (await full.ask(PROVIDERS, filter=chosen))["providers"]

    assert (expected, len(expected)) == ("".join(sorted(names(data))), data["totalCount"])


REFUSALS = [
    ("{ jobs(first: 501) { totalCount } }", "first must be at most 500, not 501"),
    ("{ providers(last: 501) { totalCount } }", "last must be at most 500, not 501"),
    ("{ jobs(first: -1) { totalCount } }", "first must be 0 or more, not -1"),
    ("{ jobs(first: 1, last: 1) { totalCount } }", "first and last exclude each other"),
    ('{ jobs(after: "garbage") { totalCount } }', "after: 'garbage' is not a cursor of ours"),
    ('{ job(jobId: "0x12") { jobId } }', "'0x12' is not a 32-byte value: expected 0x and 64 hex digits"),
    ('{ provider(address: "0x12") { address } }', "'0x12' is not an address: expected 0x and 40 hex digits"),
    ('{ jobs(filter: {minPayment: "-1"}) { totalCount } }', "'-1' is not an amount in wei"),
    ('{ jobs(filter: {createdAfter: "2026-01-01"}) { totalCount } }', "'2026-01-01' is not a time: expected RFC 3339"),
    ("{ jobs(filter: {status: LOST}) { totalCount } }", "Value 'LOST' does not exist in 'JobStatus' enum"),
    ('{ node(id: "Job:1") { id } }', "id: 'Job:1' is not a global id"),
    ('{ providers(filter: {gpuModel: "a\\u0000b"}) { totalCount } }', "gpuModel: 'a\\x00b' holds characters"),
]


@pytest.mark.parametrize(("query", "message"), REFUSALS)
async def test_wrong_input_is_named_with_what_was_expected(full: Client, query: str, message: str) -> None:
    """The client is told which argument was wrong, and never that something internal happened."""
    error = await full.refusal(query)

    assert message in error["message"]
    assert error["extensions"]["code"] in {"BAD_QUERY", "BAD_INPUT"}


async def test_wrong_variables_are_named_too(api: Client) -> None:
    """The same holds for what comes as a variable, deep within an input."""
    error = await api.refusal(JOBS, filter={"renter": "0x52908400098527886E0F7030069857D2E4169Ee7"})

    assert "wrong EIP-55 checksum; expected 0x52908400098527886E0F7030069857D2E4169EE7" in error["message"]


async def test_a_cursor_is_refused_under_another_order(full: Client) -> None:
    """The place of a row in one order says nothing about another."""
    cursor = (await full.ask(JOBS, first=1))["jobs"]["pageInfo"]["endCursor"]

    error = await full.refusal(JOBS, after=cursor, order={"field": "PAYMENT"})

    assert "after is a cursor of order CREATED DESC, not of PAYMENT DESC" in error["message"]
    assert error["extensions"]["code"] == "BAD_INPUT"
