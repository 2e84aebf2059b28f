"""Plans: what a query becomes, how often, and why not."""

from functools import partial
from typing import Any

import pytest

from graphql_api.compiled.asking import NO_VARIABLES, Many, Question
from graphql_api.compiled.plans import Plans
from graphql_api.compiled.recent import Recent
from graphql_api.compiled.selections import Selected, Selector, Uncovered, find_operation
from graphql_api.compiled.statement import Numbered
from graphql_api.cursors import show
from graphql_api.orders import JobOrderField, Order, job_order
from graphql_api.page_queries import conditions, select_page
from graphql_api.schema import build

SCHEMA = build()
JOB = "query ($id: Bytes32!) { job(jobId: $id) { status } }"
JOBS = "query ($filter: JobFilter, $first: Int) { jobs(filter: $filter, first: $first) { nodes { jobId } } }"


@pytest.fixture(scope="module")
def plans() -> Plans:
    """The plans of our schema."""
    return Plans(SCHEMA)


def select(query: str) -> Selected:
    """Return the first field of the root."""
    document = SCHEMA.parsed(query)
    return Selector(SCHEMA._schema, document, find_operation(document, None)).select(NO_VARIABLES)[0]


def test_requests_that_differ_in_values_share_a_statement(plans: Plans) -> None:
    """The values go beside it."""
    ones, twos = ("0x" + digit * 64 for digit in "12")
    first, second = plans.take(JOB, None).ready({"id": ones}), plans.take(JOB, None).ready({"id": twos})

    assert first.text is second.text
    assert (first.values, second.values) == (("\\x" + "1" * 64,), ("\\x" + "2" * 64,))


@pytest.mark.parametrize("variables", [{"first": 3}, {"filter": {"escrow": "HELD"}}, {"filter": {"statusIn": []}}])
def test_another_shape_is_another_statement(plans: Plans, variables: dict[str, Any]) -> None:
    """A page's length is of the shape: a plan for any length would be a bad one."""
    plain = plans.take(JOBS, None).ready({"filter": {"status": "RUNNING"}})

    assert plain.text != plans.take(JOBS, None).ready(variables).text


@pytest.mark.parametrize(
    ("order", "places"),
    [
        (job_order(JobOrderField.PAYMENT, descending=False), [(1, bytes(32)), (5, bytes(32))]),
        (job_order(JobOrderField.CREATED, descending=False), [(1, 2), (5, 6)]),
    ],
)
def test_values_stand_in_the_order_of_their_numbers(order: Order, places: list[Any]) -> None:
    """Criteria first, then places, whatever is null in them; of criteria that one which begins a stretch."""
    after, before = (show(order, place) for place in places)
    filters = f'status: RUNNING, statusIn: [RUNNING], renter: "0x{"1" * 40}", createdAfter: "2026-01-01T00:00:00Z"'
    field = select(
        f"{{ jobs(filter: {{ {filters} }}, orderBy: {{ field: {order.name}, direction: ASC }}, "
        f'after: "{after}", before: "{before}") {{ nodes {{ jobId }} }} }}'
    )

    asked = Question(SCHEMA, field).ask(NO_VARIABLES)

    assert isinstance(asked, Many)
    rows, count = Numbered(1), Numbered(1)
    select_page(asked.criteria, asked.page, rows)
    conditions(asked.criteria, count)
    texts = [
        ["\\x" + value.hex() if isinstance(value, bytes) else value for value in each.values.values()]
        for each in (rows, count)
    ]
    assert texts == [list(asked.values), list(asked.values)[: len(asked.criteria)]]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("{ me { address } }", "Query.me"),
        ("{ jobs { nodes { spec { dockerImage } } } }", "Job.spec"),
        ('{ node(id: "x") { id } }', "Query.node"),
        ("{ jobs(notBefore: { chain: BSC, block: 1 }) { totalCount } }", r"Query.jobs\(notBefore\)"),
        ('{ provider(address: "0x' + "1" * 40 + '", asOf: []) { id } }', r"Query.provider\(asOf\)"),
        ("{ providers { nodes { uptime } } }", "Provider.uptime"),
        ("{ __schema { queryType { name } } }", "Query.__schema"),
        ("mutation { signInNonce }", "mutation"),
        ("{ nothing }", "invalid"),
        ("{", "invalid"),
        ("query A { __typename } query B { __typename }", "no one operation"),
        ("{ jobs(first: -1) { nodes { jobId } } }", "invalid values"),
        ("{ jobs(first: 1, last: 1) { nodes { jobId } } }", "invalid values"),
    ],
)
def test_what_is_not_covered_says_why(plans: Plans, query: str, reason: str) -> None:
    """Each time it is asked."""
    for _ in range(2):
        with pytest.raises(Uncovered, match=f"^{reason}$"):
            plans.take(query, None).ready({})


def test_variables_that_are_none_are_left_to_others(plans: Plans) -> None:
    """Who answers then has the words for what is wrong with them."""
    with pytest.raises(Uncovered, match="invalid values"):
        plans.take(JOB, None).ready({"id": "0x12"})


def test_a_switch_decides_what_is_selected(plans: Plans) -> None:
    """By a variable, each way with a statement of its own."""
    query = "query ($all: Boolean!) { jobs { nodes { jobId status @include(if: $all) } } }"
    with_status, without = (plans.take(query, None).ready({"all": all_of_it}).text for all_of_it in (True, False))

    assert (b"it.status" in with_status, b"it.status" in without) == (True, False)


def test_what_was_not_used_for_long_is_forgotten() -> None:
    """What is used stays."""
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key

    recent = Recent[str](2)
    for key in ("a", "b", "a", "c", "a", "b"):
        recent.take(key, partial(make, key))

    assert made == ["a", "b", "c", "b"]


def test_operations_are_told_apart_by_their_names(plans: Plans) -> None:
    """One document, two plans."""
    query = "query A { jobs { totalCount } } query B { providers { totalCount } }"
    first, second = (plans.take(query, name).ready({}).text for name in "AB")

    assert (b"from jobs" in first, b"from providers" in second) == (True, True)
