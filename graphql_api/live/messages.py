"""
The words of graphql-transport-ws, and the codes it closes a connection with.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from graphql import GraphQLFormattedError

from graphql_api.live.operations import NotAnOperation, Operation, read_operation

PROTOCOL = "graphql-transport-ws"
ID_MAX = 256
REASON_BYTES_MAX = 123
"""What a close frame has room for."""

PONG = '{"type":"pong"}'


class Code(IntEnum):
    """Why a connection is closed. Clients come back after the first two and FELL_BEHIND, not after the others."""

    RESTART = 1012
    TRY_AGAIN_LATER = 1013
    FLOODED = 1008
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    WRONG_PROTOCOL = 4406
    INIT_TIMEOUT = 4408
    ALREADY_SUBSCRIBED = 4409
    FELL_BEHIND = 4420
    TOO_MANY_INITS = 4429


class Broken(Exception):
    """A client broke the protocol, and its connection is closed with a code and a reason."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a client says; which of these are there follows from the type."""

    type: str
    id: str = ""
    payload: Mapping[str, Any] | None = None
    operation: Operation | None = None


def read(text: str | None) -> Message:
    """Return what a client says. Raises `Broken` when it is none of the protocol's messages."""
    words = _words(text)
    match words.get("type"):
        case "connection_init" | "ping" | "pong" as kind:
            return Message(type=kind, payload=_payload(words, kind))
        case "subscribe":
            return Message(type="subscribe", id=_id(words, "subscribe"), operation=_operation(words))
        case "complete":
            return Message(type="complete", id=_id(words, "complete"))
        case other:
            raise Broken(Code.BAD_MESSAGE, f"unknown message type: {str(other)[:40]!r}")


def acknowledged(viewer: str | None) -> str:
    """Return the message that lets a client begin, and tells it whom we take it for."""
    return json.dumps({"type": "connection_ack", "payload": {"viewer": viewer}}, separators=(",", ":"))


def next_before(operation_id: str) -> str:
    """Return what stands before an answer in the message that brings it; behind it stands `}`."""
    return f'{{"id":{json.dumps(operation_id)},"type":"next","payload":'


def failed(operation_id: str, errors: Sequence[GraphQLFormattedError]) -> str:
    """Return the message that ends an operation with errors."""
    return json.dumps({"id": operation_id, "type": "error", "payload": errors}, separators=(",", ":"))


def completed(operation_id: str) -> str:
    """Return the message that ends an operation."""
    return f'{{"id":{json.dumps(operation_id)},"type":"complete"}}'


def shortened(reason: str) -> str:
    """Return as much of a reason as a close frame has room for."""
    return reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")


def _words(text: str | None) -> Mapping[str, Any]:
    if text is None:
        raise Broken(Code.BAD_MESSAGE, "a message must be text")
    try:
        words = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Broken(Code.BAD_MESSAGE, "a message must be JSON") from error
    if not isinstance(words, dict):
        raise Broken(Code.BAD_MESSAGE, "a message must be a JSON object")
    return words


def _payload(words: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    payload = words.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise Broken(Code.BAD_MESSAGE, f"{kind}: payload must be an object")
    return payload


def _id(words: Mapping[str, Any], kind: str) -> str:
    found = words.get("id")
    if not isinstance(found, str) or not 0 < len(found) <= ID_MAX:
        raise Broken(Code.BAD_MESSAGE, f"{kind}: id must be a string of 1 to {ID_MAX} characters")
    return found


def _operation(words: Mapping[str, Any]) -> Operation:
    try:
        return read_operation(words.get("payload"))
    except NotAnOperation as error:
        raise Broken(Code.BAD_MESSAGE, f"subscribe: {error}") from error
