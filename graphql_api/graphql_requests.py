"""
What a GraphQL request asks, read from its body or its address: parameters of the right kinds, or a reason.

Whoever answers a request reads it here, so that the same requests are understood, and the same refused, whichever
way they are answered. What is refused here has asked nothing yet; it is a mistake of the request's form.
"""

from collections.abc import Mapping
from email.message import Message
from functools import lru_cache
from typing import Any

import msgspec

PATH = "/graphql"
JSON = "application/json"


class Malformed(Exception):
    """A request that asks nothing we can understand, with the status that says so."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Asked(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The parameters of one request; what is null is as good as left out."""

    query: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(Asked | list[Asked])
_objects = msgspec.json.Decoder(dict[str, Any] | None)


def read_body(content_type: str | None, body: bytes) -> Asked | list[Asked]:
    """Return what a POST asks, one operation or several. Raises `Malformed`."""
    _check_content_type(content_type)
    if not body.strip():
        raise Malformed('the body is empty: expected JSON with a "query"')
    try:
        asked: Asked | list[Asked] = _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Malformed(f"the body does not have the parameters of a GraphQL request: {error}") from error
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the body is not JSON in UTF-8: {error}") from error
    for each in asked if isinstance(asked, list) else (asked,):
        _check_query(each)
    return asked


def read_address(parameters: Mapping[str, str]) -> Asked:
    """Return what a GET asks by the parameters of its address. Raises `Malformed`."""
    asked = Asked(
        query=parameters.get("query"),
        operation_name=parameters.get("operationName") or None,
        variables=_read_object(parameters, "variables"),
        extensions=_read_object(parameters, "extensions"),
    )
    _check_query(asked)
    return asked


def _check_content_type(content_type: str | None) -> None:
    if not is_json(content_type or "missing/missing"):
        raise Malformed(f"content type {content_type!r} is not one we read: expected {JSON}, in UTF-8", status=415)


@lru_cache(maxsize=100)
def is_json(content_type: str) -> bool:
    """Say whether a body of this type is JSON in UTF-8."""
    header = Message()
    header["Content-Type"] = content_type
    charset = header.get_param("charset", "utf-8")
    return header.get_content_type() == JSON and str(charset).lower() in ("utf-8", "utf8")


def _check_query(asked: Asked) -> None:
    if not asked.query:
        raise Malformed('no "query": expected a GraphQL document')


def _read_object(parameters: Mapping[str, str], name: str) -> dict[str, Any] | None:
    text = parameters.get(name)
    try:
        return _objects.decode(text) if text else None
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{name} is not a JSON object: {error}") from error
