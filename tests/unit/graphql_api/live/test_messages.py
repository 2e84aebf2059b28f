"""The words of graphql-transport-ws."""

import json

import pytest

from graphql_api.live.messages import REASON_BYTES_MAX, Broken, Code, failed, next_before, read, shortened


def test_a_subscription_is_read_with_all_its_parts() -> None:
    """Query, variables and the operation's name."""
    payload = {"query": "{ a }", "variables": {"b": 1}, "operationName": "C", "extensions": {}}

    message = read(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))

    assert message.operation is not None
    assert (message.operation.query, message.operation.variables, message.operation.name) == ("{ a }", {"b": 1}, "C")


BROKEN = [
    (None, "a message must be text"),
    ("{", "a message must be JSON"),
    ("[" * 100_000, "a message must be JSON"),
    ("[]", "a message must be a JSON object"),
    ("{}", "unknown message type: 'None'"),
    ('{"type":"start"}', "unknown message type: 'start'"),
    ('{"type":["a"]}', "unknown message type"),
    ('{"type":"connection_init","payload":1}', "connection_init: payload must be an object"),
    ('{"type":"subscribe","payload":{"query":"{a}"}}', "subscribe: id must be a string of 1 to 256 characters"),
    ('{"type":"subscribe","id":7,"payload":{"query":"{a}"}}', "subscribe: id must be a string"),
    ('{"type":"complete","id":""}', "complete: id must be a string"),
    ('{"type":"subscribe","id":"1"}', "subscribe: expected an object with a query"),
    ('{"type":"subscribe","id":"1","payload":{"query":" "}}', "subscribe: query must be a string, and not empty"),
    ('{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}', "variables must be an object"),
    ('{"type":"subscribe","id":"1","payload":{"query":"{a}","operationName":1}}', "operationName must be a string"),
]


@pytest.mark.parametrize(("text", "reason"), BROKEN)
def test_what_is_no_message_is_refused_with_the_reason(text: str | None, reason: str) -> None:
    """Whatever it is, and however deep; the code is always that of a bad message."""
    with pytest.raises(Broken, match=reason) as broken:
        read(text)

    assert broken.value.code == Code.BAD_MESSAGE


def test_an_answer_is_put_between_what_stands_before_and_a_bracket() -> None:
    """Whatever the id, the whole is JSON."""
    text = next_before('a"\n\ud800') + '{"data":null}' + "}"

    assert json.loads(text) == {"id": 'a"\n\ud800', "type": "next", "payload": {"data": None}}


def test_an_error_may_hold_what_is_no_text() -> None:
    """Half a character, from a client, goes back as it came."""
    assert json.loads(failed("1", [{"message": "\ud800"}]))["payload"] == [{"message": "\ud800"}]


def test_a_reason_fits_into_a_close_frame() -> None:
    """Cut between characters."""
    reason = shortened("ä" * 100)

    assert (len(reason.encode()), reason) == (REASON_BYTES_MAX - 1, "ä" * 61)
