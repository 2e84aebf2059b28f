"""What schemathesis must know of us: values of our scalars, and which errors of GraphQL are our fault."""

import json
from typing import Any

import schemathesis
from hypothesis import strategies
from hypothesis.strategies import SearchStrategy
from schemathesis.graphql import nodes

SCALARS: dict[str, SearchStrategy[str]] = {
    "Address": strategies.binary(min_size=20, max_size=20).map(lambda value: f"0x{value.hex()}"),
    "Bytes32": strategies.integers(0, 9).map(lambda value: f"0x{value:064x}"),
    "Wei": strategies.integers(0, 2**256 - 1).map(str),
    "BigInt": strategies.integers().map(str),
}

for name, values in SCALARS.items():
    # Mostly right, and sometimes anything.
    schemathesis.graphql.scalar(name, strategies.one_of(values, values, strategies.text()).map(nodes.String))


@schemathesis.check
def no_trouble_of_ours(
    _: schemathesis.CheckContext, response: schemathesis.Response, __: schemathesis.Case[Any]
) -> None:
    """Hold that no error is internal, and that the status is none of a broken server."""
    assert response.status_code < 500, response.text
    codes = [error.get("extensions", {}).get("code") for error in json.loads(response.content).get("errors", [])]
    assert "INTERNAL" not in codes, response.text
