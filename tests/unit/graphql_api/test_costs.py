"""What an answer may cost, from the question and its variables."""

import pytest
from graphql import parse

from graphql_api.costs import SIZE_MAX, Bill, bill
from graphql_api.errors import TooCostly
from graphql_api.schema import build

SCHEMA = build()._schema


def _bill(document: str, operation: str | None = None) -> Bill:
    found = bill(SCHEMA, parse(document), operation)
    assert found is not None, "the document has this operation"
    return found


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        ("{ __typename }", 0),
        ("{ jobStats { total paidOut } }", 3),
        ("{ jobs(first: 7) { nodes { jobId status } } }", 1 + 7 * 3),
        ("{ jobs(last: 7) { edges { cursor node { jobId } } } }", 1 + 7 * 4),
        ("{ jobs { nodes { jobId } pageInfo { hasNextPage } } }", 1 + 50 * 2 + 2),
        ("{ jobs(first: null) { nodes { jobId } } }", 1 + 50 * 2),
        ("{ jobs(first: 0) { nodes { jobId } totalCount } }", 1 + 100),
        ("{ jobs(first: 5) { nodes { provider { address } } } }", 1 + 5 * 3),
        ("{ jobs(first: 5) { nodes { timeline { kind } } } }", 1 + 5 * (1 + 50 * 2)),
        ("{ providers(first: 500) { nodes { jobs(first: 500) { nodes { jobId } } } } }", 1 + 500 * (2 + 500 * 2)),
        ("{ matches(requirements: {}) { score } }", 10 * 2),
        ("{ matches(requirements: {}, first: 3) { provider { jobs(first: 4) { nodes { id } } } } }", 3 * (3 + 4 * 2)),
        ("{ jobStats { byStatus { count } } }", 1 + 10 * 2),
        ("{ node(id: 1) { id ... on Job { jobId } ... on Provider { address gpuModel } } }", 5),
        ("{ a: __schema { types { name } } }", 5000),
        ("mutation { signInNonce }", 1),
        ("subscription { jobChanges { kind job { jobId } } }", 4),
    ],
)
def test_the_cost_is_how_many_fields_the_answer_can_hold(document: str, cost: int) -> None:
    """Lists multiply by the page asked for, or by what they are when nobody asks."""
    assert _bill(document).cost(None) == cost


LISTS = "query ($n: Int = 20, $m: Int) { jobs(first: $n) { nodes { timeline(first: $m) { kind } } } }"


@pytest.mark.parametrize(
    ("variables", "jobs", "steps"),
    [
        ({}, 20, 50),
        ({"n": 3}, 3, 50),
        ({"n": 3, "m": 4}, 3, 4),
        ({"n": None}, 50, 50),
        ({"n": 2.0, "m": -1}, 2, 0),
        ({"n": "many"}, SIZE_MAX, 50),
        ({"n": float("nan")}, SIZE_MAX, 50),
        ({"n": 10**30}, SIZE_MAX, 50),
        ({"n": [1]}, SIZE_MAX, 50),
    ],
)
def test_variables_decide_as_much_as_literals(variables: dict[str, object], jobs: int, steps: int) -> None:
    """What is no length counts as the longest: it must not pass as nothing."""
    assert _bill(LISTS).cost(variables) == 1 + jobs * (1 + steps * 2)


def test_fragments_cost_where_they_are_spread() -> None:
    """Also rows of a list that a fragment stands in."""
    spread = "{ jobs(first: 7) { ...page } } fragment page on JobConnection { nodes { ...job } } " + (
        "fragment job on Job { jobId ... { status } }"
    )

    assert _bill(spread).cost(None) == 1 + 7 * 3


def test_a_document_made_to_be_expensive_to_bill_is_not() -> None:
    """Each of forty fragments spreads the next one twice: 2^40 fields, known at once."""
    fragments = [f"fragment f{i} on Query {{ ...f{i + 1} ...f{i + 1} }}" for i in range(40)]
    found = _bill(" ".join(["{ ...f0 }", *fragments, "fragment f40 on Query { jobStats { total } }"]))

    assert found.cost(None) == 2**41


def test_each_operation_has_its_own_bill() -> None:
    """A name chooses; without one, of several, there is none."""
    document = "query a { jobStats { total } } query b { jobStats { total paidOut } }"

    assert [_bill(document, name).cost(None) for name in "ab"] == [2, 3]
    assert bill(SCHEMA, parse(document), None) is None


def test_what_a_mutation_does_is_counted_by_field() -> None:
    """Under whatever alias, and inside of fragments."""
    document = """
        mutation { signInNonce a: signIn(message: "", signature: "") { token } ...more }
        fragment more on Mutation { b: signIn(message: "", signature: "") { token } ... { signOut } }
    """

    assert _bill(document).roots == {"signInNonce": 1, "signIn": 2, "signOut": 1}


def test_a_cost_above_the_limit_says_how_to_lower_it() -> None:
    """The numbers are there for programs, too."""
    found = _bill("{ jobs(first: 500) { nodes { jobId } } }")

    found.check(None, 1001)
    with pytest.raises(TooCostly, match=r"this costs 1001, 1000 allowed: .* ask for fewer rows") as raised:
        found.check(None, 1000)
    assert raised.value.extensions == {"code": "TOO_COSTLY", "cost": 1001, "limit": 1000}
