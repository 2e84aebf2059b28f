"""What a GraphQL request asks, and what it may not look like."""

import pytest

from graphql_api.graphql_requests import JSON, Asked, Malformed, read_address, read_body


def test_a_body_is_read_by_the_names_of_the_specification() -> None:
    body = b'{"query": "{ a }", "operationName": "A", "variables": {"wei": 123456789012345678901234567890}, "more": 1}'

    asked = Asked(query="{ a }", operation_name="A", variables={"wei": 123456789012345678901234567890})
    assert asked == read_body("application/json; charset=UTF-8", body)


def test_what_is_null_is_left_out() -> None:
    body = b'{"query": "{ a }", "operationName": null, "variables": null, "extensions": null}'

    assert Asked(query="{ a }") == read_body(JSON, body)


def test_several_operations_are_a_list() -> None:
    """Whether they are answered is decided elsewhere."""
    assert [Asked(query="{ a }"), Asked(query="{ b }")] == read_body(JSON, b'[{"query": "{ a }"}, {"query": "{ b }"}]')


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the body is empty"),
        (b"1", "got `int`"),
        (b"null", "got `null`"),
        (b'{"query": 7}', r"got `int` - at `\$\.query`"),
        (b'{"query": ""}', 'no "query"'),
        (b'[{"query": "{ a }"}, {}]', 'no "query"'),
        (b'{"query": "{ a }", "operationName": false}', r"got `bool` - at `\$\.operationName`"),
        (b'{"query": "{ a }", "variables": []}', r"got `array` - at `\$\.variables`"),
        (b'{"query": "{ a }", "extensions": "x"}', r"got `str` - at `\$\.extensions`"),
        (b'{"query": "\xff"}', "not JSON in UTF-8"),
        (b'{"query": "\\ud800"}', "not JSON in UTF-8"),
        (b'{"query": "{ a }", "variables": {"a": NaN}}', "not JSON in UTF-8"),
        (b'{"query": "{ a }", "variables": {"a": 1e999}}', "out of range"),
        (b'{"query": "{ a }", "variables": {"a": ' + b"1" * 5000 + b"}}", "out of range"),
        (b'{"query": "{ a }", "variables": {"a": ' + b"[" * 100_000, "not JSON in UTF-8"),
        (b'{"query": "{ a }"} x', "trailing characters"),
    ],
    ids=str,
)
def test_a_malformed_body_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason) as raised:
        read_body(JSON, body)

    assert raised.value.status == 400


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/jsonp",
        "application/json; charset=utf-16",
        "multipart/form-data",
    ],
)
def test_another_content_type_is_not_read(content_type: str | None) -> None:
    """A form of another page's could send a plain one without asking."""
    with pytest.raises(Malformed, match="expected application/json") as raised:
        read_body(content_type, b'{"query": "{ a }"}')

    assert raised.value.status == 415


def test_an_address_holds_the_same() -> None:
    parameters = {"query": "{ a }", "operationName": "", "variables": '{"a": 1}', "extensions": "null"}

    assert Asked(query="{ a }", variables={"a": 1}) == read_address(parameters)


@pytest.mark.parametrize("variables", ["{", "[]", "1", '"a"', "[" * 100_000])
def test_a_malformed_address_is_refused_with_the_name_of_its_parameter(variables: str) -> None:
    with pytest.raises(Malformed, match="variables is not a JSON object"):
        read_address({"query": "{ a }", "variables": variables})
