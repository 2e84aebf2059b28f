"""
Questions as older clients ask them: plain names and values, from a JSON object or a query string.

    providers   min_vram, gpu_model, min_reputation_score, limit, offset     online ones, best reputation first
    jobs        renter_address, provider_address, status, limit, offset      newest first

What is null, empty or, for a number, zero is not asked: some of these clients send every field there is. What these
doors have no name for is passed over.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql_api.criteria import Condition, Criteria, Relation
from graphql_api.errors import BadInput
from graphql_api.scalars import read_address
from models.values import JobStatus

LIMIT_DEFAULT = 100
LIMIT_MAX = 500
OFFSET_MAX = 1_000_000
NUMBER_MAX = 2**63 - 1
MESSAGE_MAX = 64 * 1024

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a value may be: how it is read (None is what is not asked), and its JSON schema."""

    read: Callable[[Any, str], Any]
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A name that can be asked by, and the column whose rows are compared with its value, if one is."""

    name: str
    about: str
    kind: Kind
    column: str = ""
    relation: Relation = Relation.IS


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
    return _question(given, PROVIDER_PARAMETERS, Condition(column="is_online", relation=Relation.IS, value=True))


def jobs_asked(given: Given) -> Question:
    """Return which jobs are asked for. Raises `BadInput`."""
    return _question(given, JOB_PARAMETERS)


def _question(given: Given, parameters: Sequence[Parameter], *always: Condition) -> Question:
    limit, offset = (each.kind.read(given.get(each.name), each.name) or 0 for each in PAGE_PARAMETERS)
    if offset > OFFSET_MAX:
        raise BadInput(f"offset must be at most {OFFSET_MAX}, not {offset}")
    conditions = (_condition(given, parameter) for parameter in parameters)
    return Question(
        criteria=(*always, *(condition for condition in conditions if condition is not None)),
        limit=min(limit or LIMIT_DEFAULT, LIMIT_MAX),
        offset=offset,
    )


def _condition(given: Given, parameter: Parameter) -> Condition | None:
    value = parameter.kind.read(given.get(parameter.name), parameter.name)
    return Condition(column=parameter.column, relation=parameter.relation, value=value) if value else None


def _read_number(value: Any, name: str) -> int | None:
    if value is None or value == "":
        return None
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if is_number or (isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdecimal()):
        number = int(value)
        if 0 <= number <= NUMBER_MAX:
            return number
    raise BadInput(f"{name}: {_shown(value)} is not a number: expected 0 or more, {NUMBER_MAX} at most")


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


NUMBER = Kind(read=_read_number, schema={"type": "integer", "minimum": 0, "maximum": NUMBER_MAX})
TEXT = Kind(read=_read_text, schema={"type": "string"})
ADDRESS = Kind(read=_read_address, schema={"type": "string", "pattern": "^(0[xX])?[0-9a-fA-F]{40}$"})
STATUS = Kind(read=_read_status, schema={"type": "string", "enum": [status.lower() for status in JobStatus]})

PAGE_PARAMETERS = (
    Parameter(
        name="limit",
        about=f"Rows on this page: {LIMIT_DEFAULT} where it is left out or 0, {LIMIT_MAX} where it is more.",
        kind=NUMBER,
    ),
    Parameter(
        name="offset",
        about="Rows before this page; to page through a list that grows, use the cursors of GraphQL.",
        kind=Kind(read=_read_number, schema={"type": "integer", "minimum": 0, "maximum": OFFSET_MAX}),
    ),
)
PROVIDER_PARAMETERS = (
    Parameter(name="min_vram", about="MiB, at least.", kind=NUMBER, column="vram", relation=Relation.AT_LEAST),
    Parameter(name="gpu_model", about="The whole name of a model.", kind=TEXT, column="gpu_model"),
    Parameter(
        name="min_reputation_score",
        about="Confirmed jobs, at least.",
        kind=NUMBER,
        column="reputation_score",
        relation=Relation.AT_LEAST,
    ),
)
JOB_PARAMETERS = (
    Parameter(name="renter_address", about="Who pays for it.", kind=ADDRESS, column="renter"),
    Parameter(name="provider_address", about="Who runs it.", kind=ADDRESS, column="provider"),
    Parameter(name="status", about="Where it stands.", kind=STATUS, column="status"),
)
