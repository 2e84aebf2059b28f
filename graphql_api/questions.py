"""
Questions as older clients ask them: plain names and values, from a JSON object or a query string.

    providers   min_vram, gpu_model, min_reputation_score, limit, offset     online ones, best reputation first
    jobs        renter_address, provider_address, status, limit, offset      newest first

What is null, empty or, for a number, zero is not asked: some of these clients send every field there is. What these
doors have no name for is passed over.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql_api.criteria import Condition, Criteria, Relation
from graphql_api.errors import BadInput
from graphql_api.scalars import read_address
from models.values import JobStatus

LIMIT_DEFAULT = 100
LIMIT_MAX = 500
OFFSET_MAX = 1_000_000
MESSAGE_MAX = 64 * 1024

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which rows of a list: those that meet the criteria, `limit` of them from behind `offset` on."""

    criteria: Criteria
    limit: int
    offset: int


def read_message(payload: bytes) -> Given:
    """Return the object of a message: JSON, JSON in base64 in a JSON string, or nothing. Raises `BadInput`."""
    if len(payload) > MESSAGE_MAX:
        raise BadInput(f"the question has {len(payload)} bytes, {MESSAGE_MAX} at most")
    if not payload.strip():
        return {}
    try:
        given = json.loads(payload)
        if isinstance(given, str):
            given = json.loads(base64.b64decode(given, validate=True))
    except (ValueError, RecursionError) as error:
        raise BadInput("the question is not JSON: expected an object, or a string that is one in base64") from error
    if not isinstance(given, dict):
        raise BadInput(f"the question is {_shown(given)}: expected an object, or a string that is one in base64")
    return given


def providers_asked(given: Given) -> Question:
    """Return which providers are asked for. Raises `BadInput`."""
    return _question(
        given,
        Condition(column="is_online", relation=Relation.IS, value=True),
        _condition(given, "min_vram", "vram", Relation.AT_LEAST, _read_number),
        _condition(given, "gpu_model", "gpu_model", Relation.IS, _read_text),
        _condition(given, "min_reputation_score", "reputation_score", Relation.AT_LEAST, _read_number),
    )


def jobs_asked(given: Given) -> Question:
    """Return which jobs are asked for. Raises `BadInput`."""
    return _question(
        given,
        _condition(given, "renter_address", "renter", Relation.IS, _read_address),
        _condition(given, "provider_address", "provider", Relation.IS, _read_address),
        _condition(given, "status", "status", Relation.IS, _read_status),
    )


def _question(given: Given, *conditions: Condition | None) -> Question:
    limit, offset = _read_number(given.get("limit"), "limit"), _read_number(given.get("offset"), "offset") or 0
    if offset > OFFSET_MAX:
        raise BadInput(f"offset must be at most {OFFSET_MAX}, not {offset}")
    return Question(
        criteria=tuple(condition for condition in conditions if condition is not None),
        limit=min(limit or LIMIT_DEFAULT, LIMIT_MAX),
        offset=offset,
    )


def _condition(
    given: Given, name: str, column: str, relation: Relation, read: Callable[[Any, str], Any]
) -> Condition | None:
    value = read(given.get(name), name)
    return Condition(column=column, relation=relation, value=value) if value else None


def _read_number(value: Any, name: str) -> int | None:
    if value is None or value == "":
        return None
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if is_number or (isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdecimal()):
        return int(value)
    raise BadInput(f"{name}: {_shown(value)} is not a number: expected 0 or more")


def _read_text(value: Any, name: str) -> str | None:
    if value is None or (isinstance(value, str) and _is_storable(value)):
        return value
    raise BadInput(f"{name}: {_shown(value)} is not a text")


def _read_address(value: Any, name: str) -> str | None:
    text = _read_text(value, name)
    try:
        return read_address(text) if text else None
    except BadInput as error:
        raise BadInput(f"{name}: {error.message}") from error


def _read_status(value: Any, name: str) -> str | None:
    text = _read_text(value, name)
    if text and text.upper() not in set(JobStatus):
        words = ", ".join(status.lower() for status in JobStatus)
        raise BadInput(f"{name}: {_shown(value)} is not a status: expected one of {words}")
    return text.upper() if text else None


def _is_storable(text: str) -> bool:
    """Say whether Postgres can compare with a text: it knows no NUL, and UTF-8 no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else text[:80] + "…"
