"""Lists: pages in both directions with ties, orders, filters, counts, and what is refused."""

from typing import Any

import pytest

from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import (
    Fact,
    Market,
    address,
    beat,
    claimed,
    confirmed,
    created,
    credited,
    job_hex,
    registered,
    shown,
)

JOBS = """query ($filter: JobFilter, $order: JobOrder, $first: Int, $after: String, $last: Int, $before: String) {
    jobs(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { jobId } } nodes { jobId }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount
    } }"""

PROVIDERS = """query ($filter: ProviderFilter, $order: ProviderOrder, $first: Int, $after: String, $last: Int) {
    providers(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last) {
        nodes { address } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount
    } }"""


def seven_jobs() -> list[Fact]:
    """Jobs 1 to 7; payments 1, 2, 2, 2, 2, 6, 7; three created in one block; 3 and 5 confirmed in one block."""
    return [
        created(1, 10, payment=1, renter="anna"),
        created(2, 11, log_index=0, payment=2, renter="anna"),
        created(3, 11, log_index=1, payment=2, renter="ben", provider="p"),
        created(4, 11, log_index=2, payment=2, renter="ben", provider="p"),
        created(5, 12, payment=2, renter="ben", provider="q"),
        created(6, 13, payment=6, provider=None),
        created(7, 14, payment=7, provider="q"),
        confirmed(3, 20, log_index=0),
        confirmed(5, 20, log_index=1),
        claimed(5, 21, provider="q", amount=2),
    ]


def five_providers() -> list[Fact]:
    """Providers a to e: three share a reputation, two were never seen, one never registered."""
    return [
        registered("a", 5, gpu_model="A100", vram=81920),
        registered("b", 6, gpu_model="RTX 4090", vram=24564),
        registered("c", 7, gpu_model="RTX 4090", vram=24564),
        registered("d", 7, log_index=1, gpu_model="H100", vram=81559),
        beat("a", 50),
        beat("b", 40),
        beat("e", 60),
        credited("a", 30, 3),
        credited("b", 31, 3),
        credited("c", 32, 3),
        credited("d", 33, 9),
    ]


def ids(connection: Any) -> list[int]:
    """Return the numbers of the jobs on a page."""
    return [int(node["jobId"], 16) for node in connection["nodes"]]


def names(connection: Any) -> str:
    """Return the names of the providers on a page, put together."""
    known = {address(name): name for name in "abcde"}
    return "".join(known[node["address"]] for node in connection["nodes"])


async def test_newest_come_first_and_equal_blocks_by_log(api: Client, market: Market) -> None:
    """The order of creation is that of the chain: block, then log index."""
    await market.commit(*seven_jobs())

    assert ids((await api.ask(JOBS))["jobs"]) == [7, 6, 5, 4, 3, 2, 1]


JOB_ORDERS = [
    ("CREATED", "DESC", [7, 6, 5, 4, 3, 2, 1]),
    ("CREATED", "ASC", [1, 2, 3, 4, 5, 6, 7]),
    ("PAYMENT", "DESC", [7, 6, 5, 4, 3, 2, 1]),
    ("PAYMENT", "ASC", [1, 2, 3, 4, 5, 6, 7]),
    ("UPDATED", "DESC", [5, 3, 7, 6, 4, 2, 1]),
    ("UPDATED", "ASC", [1, 2, 4, 6, 7, 3, 5]),
]


@pytest.mark.parametrize(("field", "direction", "expected"), JOB_ORDERS)
async def test_pages_of_jobs_meet_without_overlap_or_hole(
    api: Client, market: Market, field: str, direction: str, expected: list[int]
) -> None:
    """Two at a time, forwards by `after` and backwards by `before`, each row comes once, ties and all."""
    await market.commit(*seven_jobs())
    order = {"field": field, "direction": direction}

    forwards: list[list[int]] = []
    cursor, has_next = None, True
    while has_next:
        page = (await api.ask(JOBS, order=order, first=2, after=cursor))["jobs"]
        forwards.append(ids(page))
        cursor, has_next = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    backwards: list[list[int]] = []
    cursor, has_previous = None, True
    while has_previous:
        page = (await api.ask(JOBS, order=order, last=2, before=cursor))["jobs"]
        backwards.insert(0, ids(page))
        cursor, has_previous = page["pageInfo"]["startCursor"], page["pageInfo"]["hasPreviousPage"]

    assert [expected[:2], expected[2:4], expected[4:6], expected[6:]] == forwards
    assert [expected[:1], expected[1:3], expected[3:5], expected[5:]] == backwards


PROVIDER_ORDERS = [
    ("REPUTATION", "d", "abc", "e"),
    ("LAST_SEEN", "eab", "cd", ""),
    ("VRAM", "ad", "bc", "e"),
    ("REGISTERED", "", "cd", "bae"),
]


@pytest.mark.parametrize("direction", ["DESC", "ASC"])
@pytest.mark.parametrize(("field", "before", "tied", "behind"), PROVIDER_ORDERS)
async def test_pages_of_providers_meet_without_overlap_or_hole(
    api: Client, market: Market, field: str, direction: str, before: str, tied: str, behind: str
) -> None:
    """Rows equal in what they are sorted by, or never seen at all, are told apart by their address."""
    await market.commit(*five_providers())
    expected = before + "".join(sorted(tied, key=address, reverse=True)) + behind

    seen, cursor, has_next = "", None, True
    while has_next:
        order = {"field": field, "direction": direction}
        page = (await api.ask(PROVIDERS, order=order, first=1, after=cursor))["providers"]
        seen += names(page)
        cursor, has_next = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert (expected if direction == "DESC" else expected[::-1]) == seen


async def test_a_page_between_two_cursors(api: Client, market: Market) -> None:
    """`after` and `before` together bound a list; `first` counts from its beginning, `last` from its end."""
    await market.commit(*seven_jobs())
    edges = (await api.ask(JOBS))["jobs"]["edges"]
    after, before = edges[0]["cursor"], edges[5]["cursor"]

    first = (await api.ask(JOBS, after=after, before=before, first=2))["jobs"]
    last = (await api.ask(JOBS, after=after, before=before, last=2))["jobs"]

    assert (ids(first), ids(last)) == ([6, 5], [4, 3])
    assert {"hasNextPage": True, "hasPreviousPage": True}.items() <= first["pageInfo"].items()
    assert {"hasNextPage": True, "hasPreviousPage": True}.items() <= last["pageInfo"].items()


async def test_a_cursor_outlives_its_row(api: Client, market: Market) -> None:
    """A reorganisation that takes away the last row of a page does not lose the place behind it."""
    facts = seven_jobs()
    await market.commit(*facts)
    page = (await api.ask(JOBS, first=1))["jobs"]
    await market.undo(facts[6])

    assert ids((await api.ask(JOBS, first=2, after=page["pageInfo"]["endCursor"]))["jobs"]) == [6, 5]


async def test_an_empty_page(api: Client) -> None:
    """No rows, no cursors, nothing around."""
    data = await api.ask(JOBS)

    assert data["jobs"] == {
        "edges": [],
        "nodes": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
        "totalCount": 0,
    }


async def test_first_may_be_zero(api: Client, market: Market) -> None:
    """Whoever wants the number only asks for no rows."""
    await market.commit(*seven_jobs())

    data = (await api.ask(JOBS, first=0))["jobs"]

    assert (data["nodes"], data["totalCount"], data["pageInfo"]["hasNextPage"]) == ([], 7, True)


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
async def test_filters_of_jobs(api: Client, market: Market, chosen: Any, expected: set[int]) -> None:
    """All conditions hold at once; null asks nothing; an empty list is met by nothing."""
    await market.commit(*seven_jobs())

    data = (await api.ask(JOBS, filter=chosen))["jobs"]

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
async def test_filters_of_providers(api: Client, market: Market, chosen: Any, expected: str) -> None:
    """A model is matched by its whole name, limits count themselves."""
    await market.commit(*five_providers())

    data = (await api.ask(PROVIDERS, filter=chosen))["providers"]

    assert (expected, len(expected)) == ("".join(sorted(names(data))), data["totalCount"])


async def test_jobs_of_each_provider_in_pages(api: Client, market: Market) -> None:
    """Below a provider stands a list like any other: filtered, ordered, cut and counted for that provider alone."""
    await market.commit(*five_providers(), *seven_jobs(), created(8, 30, payment=9, provider="a"))
    await market.commit(created(9, 31, payment=1, provider="a"), created(10, 32, payment=5, provider="a"))
    query = """query ($after: String) {
        providers(orderBy: {field: REGISTERED, direction: ASC}, filter: {gpuModelIn: ["A100", "H100"]}) { nodes {
            jobs(first: 1, after: $after, orderBy: {field: PAYMENT}, filter: {minPayment: "2"}) {
                nodes { jobId } pageInfo { hasNextPage endCursor } totalCount
            } } } }"""

    first = (await api.ask(query))["providers"]["nodes"]
    second = (await api.ask(query, after=first[0]["jobs"]["pageInfo"]["endCursor"]))["providers"]["nodes"]

    nothing = {"nodes": [], "totalCount": 0}
    assert {"nodes": [{"jobId": job_hex(8)}], "totalCount": 2}.items() <= first[0]["jobs"].items()
    assert first[0]["jobs"]["pageInfo"]["hasNextPage"]
    assert nothing.items() <= first[1]["jobs"].items()
    assert (ids(second[0]["jobs"]), second[0]["jobs"]["pageInfo"]["hasNextPage"]) == ([10], False)


async def test_a_count_beyond_the_cap_is_null(api: Client, market: Market) -> None:
    """Exact up to ten thousand; counting further would cost more than it tells."""
    await market.execute(
        """
        insert into jobs (job_id, renter, payment, status, escrow, has_spec, created_at, updated_at,
            source_block, source_hash, source_transaction, source_log_index)
        select int4send(n), 'somebody', n, 'CREATED', 'HELD', false, now(), now(), n, '', '', 0
        from generate_series(1, 10001) n
        """
    )
    count = "query ($max: Wei) { jobs(first: 0, filter: {maxPayment: $max}) { totalCount } }"

    assert await api.ask(count, max="10000") == {"jobs": {"totalCount": 10_000}}
    assert await api.ask(count) == {"jobs": {"totalCount": None}}


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
async def test_wrong_input_is_named_with_what_was_expected(api: Client, query: str, message: str) -> None:
    """The client is told which argument was wrong, and never that something internal happened."""
    error = await api.refusal(query)

    assert message in error["message"]
    assert error.get("extensions", {}).get("code") in {None, "BAD_INPUT"}


async def test_wrong_variables_are_named_too(api: Client) -> None:
    """The same holds for what comes as a variable, deep within an input."""
    error = await api.refusal(JOBS, filter={"renter": "0x52908400098527886E0F7030069857D2E4169Ee7"})

    assert "wrong EIP-55 checksum; expected 0x52908400098527886E0F7030069857D2E4169EE7" in error["message"]


async def test_a_cursor_is_refused_under_another_order(api: Client, market: Market) -> None:
    """The place of a row in one order says nothing about another."""
    await market.commit(*seven_jobs())
    cursor = (await api.ask(JOBS, first=1))["jobs"]["pageInfo"]["endCursor"]

    error = await api.refusal(JOBS, after=cursor, order={"field": "PAYMENT"})

    assert "after is a cursor of order CREATED DESC, not of PAYMENT DESC" in error["message"]
    assert error["extensions"]["code"] == "BAD_INPUT"
