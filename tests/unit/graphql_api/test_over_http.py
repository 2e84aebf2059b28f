"""In which media type an answer is given, and with which status."""

import pytest
from graphql import GraphQLError

from graphql_api.errors import Declined
from graphql_api.graphql_requests import JSON
from graphql_api.over_http import GRAPHQL_RESPONSE, is_request_error, media_type, status_of
from graphql_api.statuses import STATUSES


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/html", JSON),
        ("application/json", JSON),
        ("application/graphql-response+json", GRAPHQL_RESPONSE),
        ("Application/GraphQL-Response+JSON; charset=utf-8", GRAPHQL_RESPONSE),
        ("application/graphql-response+json, application/json;q=0.9", GRAPHQL_RESPONSE),
        ("application/graphql-response+json;q=0.8, application/json;q=0.9", JSON),
        ("application/graphql-response+json, application/json", JSON),
        ("application/graphql-response+json;q=0.9, */*", JSON),
        ("application/graphql-response+json;q=0", JSON),
        ("application/graphql-response+json;q=many", GRAPHQL_RESPONSE),
        (";;,=,q=", JSON),
    ],
)
def test_the_media_type_is_the_one_a_client_prefers(accept: str, answered: str) -> None:
    assert answered == media_type(accept)


def test_an_answer_without_data_is_one_to_a_request_that_asked_no_field() -> None:
    """A null that bubbled up to the top is data all the same."""
    assert is_request_error(None, [GraphQLError("no such field")])
    assert not is_request_error(None, [GraphQLError("too slow", path=["jobs"])])
    assert not is_request_error({}, None)


@pytest.mark.parametrize(
    ("answer", "media", "status"),
    [
        ({"data": {}}, JSON, 200),
        ({"data": {}}, GRAPHQL_RESPONSE, 200),
        ({"data": None, "errors": [{"extensions": {"code": "TOO_SLOW"}}]}, GRAPHQL_RESPONSE, 200),
        ({"errors": [{"message": "Syntax Error"}]}, JSON, 200),
        ({"errors": [{"message": "Syntax Error"}]}, GRAPHQL_RESPONSE, 400),
        ({"errors": [{"message": "…", "extensions": {"code": "UNAVAILABLE"}}]}, GRAPHQL_RESPONSE, 503),
        ({"errors": [{"message": "…", "extensions": {"code": ["?"]}}]}, GRAPHQL_RESPONSE, 400),
    ],
)
def test_the_status_is_of_the_request_and_not_of_its_fields(answer: dict[str, object], media: str, status: int) -> None:
    assert status == status_of(answer, media)


def test_every_code_has_a_status() -> None:
    """Whoever adds a code says which."""
    codes = {each.code for each in Declined.__subclasses__()}

    assert codes - STATUSES.keys() == set()
