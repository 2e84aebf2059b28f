"""Seven jobs and five providers, chosen so that ties and gaps are among them, and how to list them."""

from typing import Any

from tests.integration.graphql_api.market import (
    Fact,
    address,
    beat,
    claimed,
    confirmed,
    created,
    credited,
    registered,
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
