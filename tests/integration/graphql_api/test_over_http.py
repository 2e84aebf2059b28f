"""GraphQL over HTTP beyond what its audits ask: methods, refusals, and whatever anybody may send."""

from typing import Any

import pytest
import structlog.testing

from tests.integration.graphql_api.client import Client

STRICT = {"Accept": "application/graphql-response+json"}


async def _send(api: Client, method: str, body: bytes | None = None, **options: Any) -> tuple[int, Any, Any]:
    async with api.session.request(method, f"{api.url}/graphql", data=body, **options) as response:
        text = await response.text()
        return response.status, response.headers, await response.json(content_type=None) if text else None


async def test_a_mutation_by_get_is_refused_with_the_method_that_will_do(full: Client) -> None:
    """A link must change nothing."""
    status, headers, answer = await _send(full, "GET", params={"query": "mutation { signOut }"}, headers=STRICT)

    assert (status, headers["Allow"]) == (405, "POST, OPTIONS")
    assert answer == {
        "errors": [{"message": "mutations are not allowed when using GET", "extensions": {"code": "BAD_QUERY"}}]
    }


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
async def test_other_methods_are_told_which_there_are(full: Client, method: str) -> None:
    status, headers, _ = await _send(full, method)

    assert (status, headers["Allow"]) == (405, "GET, POST, OPTIONS")


async def test_options_say_which_methods_there_are(full: Client) -> None:
    """Without an origin it is no browser's question; those the CORS rules answer."""
    status, headers, _ = await _send(full, "OPTIONS")

    assert (status, headers["Allow"]) == (204, "GET, POST, OPTIONS")


async def test_an_operation_that_is_not_there_is_an_error_like_any_in_a_document(full: Client) -> None:
    """200 to those who read JSON, 400 to those who read statuses; no data in either."""
    asked = {"query": "query One { jobs { totalCount } }", "operationName": "Other"}
    for headers, expected in (({"Accept": "application/json"}, 200), (STRICT, 400)):
        async with full.session.post(f"{full.url}/graphql", json=asked, headers=headers) as response:
            assert (response.status, (await response.json()).keys()) == (expected, {"errors"})


SEVERAL = "query One { jobs { totalCount } } query Two { providers { totalCount } }"


@pytest.mark.parametrize("query", [SEVERAL, f"mutation Three {{ signInNonce }} {SEVERAL}"])
async def test_one_of_several_operations_is_asked_by_its_name(full: Client, query: str) -> None:
    """Who gives none asks nothing, by whichever method: the first is no better than the others."""
    for method, place in (("POST", "json"), ("GET", "params")):
        status, _, answer = await _send(full, method, None, headers=STRICT, **{place: {"query": query}})

        assert (status, answer.keys()) == (400, {"errors"})
        [error] = answer["errors"]
        assert error["extensions"]["code"] == "BAD_QUERY"
        assert "operationName must say which" in error["message"]
    _, _, answer = await _send(full, "POST", json={"query": query, "operationName": "Two"})
    assert answer["data"] == {"providers": {"totalCount": 5}}


async def test_a_subscription_cannot_be_answered_once(full: Client) -> None:
    """It is said where it can be asked."""
    with structlog.testing.capture_logs() as logs:
        asked = {"query": "subscription { jobChanges { jobId } }"}
        status, _, answer = await _send(full, "POST", json=asked, headers=STRICT)

    assert (status, answer.keys()) == (400, {"errors"})
    assert "Accept: text/event-stream" in answer["errors"][0]["message"]
    assert [each for each in logs if each["log_level"] == "error"] == []


async def test_a_field_that_fails_leaves_its_data(full: Client) -> None:
    """The request was good, so the status is; the null that a field's error left is data."""
    asked = {"query": '{ jobs(after: "nonsense") { totalCount } }'}
    async with full.session.post(f"{full.url}/graphql", json=asked, headers=STRICT) as response:
        answer = await response.json()

        assert response.status == 200
    assert (answer["data"], answer["errors"][0]["path"]) == (None, ["jobs"])


NONSENSE = [
    *(b"", b"1", b"null", b"[]", b'["a"]', b"\xff\xfe", b"[" * 50_000, b'{"query": {}}', b'{"query": "\\ud800"}'),
    b'{"query": "{ jobs { totalCount } }", "variables": {"a": ' + b"9" * 5000 + b"}}",
]


@pytest.mark.parametrize("body", NONSENSE, ids=range(len(NONSENSE)))
async def test_nonsense_is_the_senders_mistake(full: Client, body: bytes) -> None:
    """It is answered with errors as any client reads them, and never as ours."""
    status, headers, answer = await _send(full, "POST", body, headers={"Content-Type": "application/json"})

    assert (status, headers["Content-Type"]) == (400, "application/json")
    assert [error["message"] for error in answer["errors"]]


async def test_caches_keep_answers_apart_by_what_was_accepted(full: Client) -> None:
    _, headers, _ = await _send(full, "GET", params={"query": "{ jobs { totalCount } }"}, headers=STRICT)

    assert "Accept" in headers["Vary"].split(", ")
    assert headers["Content-Type"] == "application/graphql-response+json"
