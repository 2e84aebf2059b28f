"""Lists: orders, pages in both directions with ties, and counts."""

import pytest

from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import (
    Market,
    address,
    created,
    job_hex,
)
from tests.integration.graphql_api.stock import JOBS, PROVIDERS, five_providers, ids, names, seven_jobs


async def test_newest_come_first_and_equal_blocks_by_log(full: Client) -> None:
    """The order of creation is that of the chain: block, then log index."""
    assert ids((await full.ask(JOBS))["jobs"]) == [7, 6, 5, 4, 3, 2, 1]


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
    full: Client, field: str, direction: str, expected: list[int]
) -> None:
    """Two at a time, forwards by `after` and backwards by `before`, each row comes once, ties and all."""
    order = {"field": field, "direction": direction}

    forwards: list[list[int]] = []
    cursor, has_next = None, True
    while has_next:
        page = (await full.ask(JOBS, order=order, first=2, after=cursor))["jobs"]
        forwards.append(ids(page))
        cursor, has_next = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    backwards: list[list[int]] = []
    cursor, has_previous = None, True
    while has_previous:
        page = (await full.ask(JOBS, order=order, last=2, before=cursor))["jobs"]
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
    full: Client, field: str, direction: str, before: str, tied: str, behind: str
) -> None:
    """Rows equal in what they are sorted by, or never seen at all, are told apart by their address."""
    expected = before + "".join(sorted(tied, key=address, reverse=True)) + behind

    seen, cursor, has_next = "", None, True
    while has_next:
        order = {"field": field, "direction": direction}
        page = (await full.ask(PROVIDERS, order=order, first=1, after=cursor))["providers"]
        seen += names(page)
        cursor, has_next = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert (expected if direction == "DESC" else expected[::-1]) == seen


async def test_a_page_between_two_cursors(full: Client) -> None:
    """`after` and `before` together bound a list; `first` counts from its beginning, `last` from its end."""
    edges = (await full.ask(JOBS))["jobs"]["edges"]
    after, before = edges[0]["cursor"], edges[5]["cursor"]

    first = (await full.ask(JOBS, after=after, before=before, first=2))["jobs"]
    last = (await full.ask(JOBS, after=after, before=before, last=2))["jobs"]

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


async def test_what_comes_between_two_pages_moves_neither(api: Client, market: Market) -> None:
    """A cursor is a place and not a number: newer rows and rows far behind shift nothing."""
    await market.commit(*(created(number, number, payment=1) for number in range(10, 16)))
    first = (await api.ask(JOBS, first=3))["jobs"]
    await market.commit(created(16, 16, payment=1), created(17, 17, payment=1), created(9, 9, payment=1))
    second = (await api.ask(JOBS, first=3, after=first["pageInfo"]["endCursor"]))["jobs"]

    assert (ids(first), ids(second)) == ([15, 14, 13], [12, 11, 10])


async def test_an_empty_page(api: Client) -> None:
    """No rows, no cursors, nothing around."""
    data = await api.ask(JOBS)

    assert data["jobs"] == {
        "edges": [],
        "nodes": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
        "totalCount": 0,
    }


async def test_first_may_be_zero(full: Client) -> None:
    """Whoever wants the number only asks for no rows."""
    data = (await full.ask(JOBS, first=0))["jobs"]

    assert (data["nodes"], data["totalCount"], data["pageInfo"]["hasNextPage"]) == ([], 7, True)


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
