"""Which blocks an operation waits for."""

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import parse

from graphql_api.not_before import awaited_blocks
from graphql_api.schema import build
from models.values import Chain

SCHEMA = build()._schema
FIVE = "notBefore: { chain: BSC, block: 5 }"


def awaited(query: str, **variables: Any) -> Mapping[Chain, int]:
    return awaited_blocks(SCHEMA, parse(query), None, variables)


@pytest.mark.parametrize(
    "query",
    [
        f"{{ jobs({FIVE}) {{ totalCount }} }}",
        f"{{ ... on Query {{ jobs({FIVE}) {{ totalCount }} }} }}",
        f"{{ ...Some }} fragment Some on Query {{ providers({FIVE}) {{ totalCount }} }}",
        f'query {{ a: job(jobId: "0x", {FIVE}) {{ id }} jobs(first: 1) {{ totalCount }} }}',
    ],
    ids=["a field", "an inline fragment", "a fragment", "an alias"],
)
def test_wherever_a_root_field_says_so(query: str) -> None:
    """Fields, aliases and fragments."""
    found = awaited(query.replace('"0x"', '"0x' + "00" * 32 + '"'))

    assert found == {Chain.BSC: 5}


def test_the_latest_block_of_each_chain() -> None:
    """Who waits for it has waited for the others."""
    query = """query ($at: At, $block: Int! = 9) {
        a: jobs(notBefore: { chain: BSC, block: 5 }) { totalCount }
        b: jobs(notBefore: { chain: BSC, block: $block }) { totalCount }
        c: providers(notBefore: $at) { totalCount }
    }"""

    assert awaited(query, at={"chain": "OPBNB", "block": 7}) == {Chain.BSC: 9, Chain.OPBNB: 7}
    assert awaited(query) == {Chain.BSC: 9}


@pytest.mark.parametrize(
    "query",
    [
        "{ jobs { totalCount } }",
        "{ jobs(notBefore: null) { totalCount } }",
        f"{{ jobs({FIVE}) @skip(if: true) {{ totalCount }} }}",
        f"{{ ... @include(if: false) {{ jobs({FIVE}) {{ totalCount }} }} }}",
        "mutation { signOut }",
        "query ($at: At!) { jobs(notBefore: $at) { totalCount } }",
        "{ jobs(notBefore: { chain: BSC }) { totalCount } }",
        f"{{ unheard_of({FIVE}) }}",
    ],
    ids=["no", "null", "skipped", "not included", "a mutation", "no variable", "no block", "no such field"],
)
def test_nothing_is_waited_for_otherwise(query: str) -> None:
    """What is wrong is told by whoever executes it."""
    assert awaited(query) == {}


def test_of_several_operations_the_one_that_is_asked() -> None:
    """A document may hold more."""
    document = parse(f"query A {{ jobs {{ totalCount }} }} query B {{ jobs({FIVE}) {{ totalCount }} }}")

    assert awaited_blocks(SCHEMA, document, "A", None) == {}
    assert awaited_blocks(SCHEMA, document, "B", None) == {Chain.BSC: 5}
    assert awaited_blocks(SCHEMA, document, None, None) == {}
