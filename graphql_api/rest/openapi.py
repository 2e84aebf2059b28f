"""
The OpenAPI document of some operations.

Types become JSON schemas by msgspec, the same that writes answers; parameters bring the schema they are read by.
"""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from graphql_api.plain import Failure
from graphql_api.questions import Parameter
from graphql_api.rest.operations import Operation

Schema = Mapping[str, Any]

INFO = {
    "title": "Lamda Network",
    "version": "1",
    "description": (
        "Plain routes over what GraphQL serves at /graphql. Parameters that are not listed are passed over, and so "
        "are empty ones; of one given twice, the last counts."
    ),
}
EVERYWHERE = (429, 500)
"""Failures that any operation may have."""

ACTING = (403, 413)
"""Failures that any operation may have that is more than a question."""

SESSION = {"session": {"type": "http", "scheme": "bearer", "description": "The token of a session, from signing in."}}


def document(operations: Sequence[Operation]) -> Mapping[str, Any]:
    """Return the OpenAPI document of operations."""
    named = [each for operation in operations for each in (*operation.answers.values(), operation.body)]
    types = list(dict.fromkeys([*(each for each in named if each is not None), Failure]))
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    schema_of = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schema_of)
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": SESSION},
    }


def _operation(operation: Operation, schema_of: Mapping[Any, Schema]) -> Mapping[str, Any]:
    described: dict[str, Any] = {
        "operationId": _identifier(operation),
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [
            *_parameters(operation.path_parameters, where="path"),
            *_parameters(operation.parameters, where="query"),
        ],
        "responses": _responses(operation, schema_of),
    }
    if operation.about:
        described["description"] = operation.about
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _json(schema_of[operation.body])}
    if operation.signed_in:
        described["security"] = [{}, {"session": []}]
    return described


def _parameters(parameters: Iterable[Parameter], *, where: str) -> list[Mapping[str, Any]]:
    return [
        {
            "name": each.name,
            "in": where,
            "required": where == "path",
            "description": each.about,
            "schema": dict(each.kind.schema),
        }
        for each in parameters
    ]


def _responses(operation: Operation, schema_of: Mapping[Any, Schema]) -> Mapping[str, Any]:
    everywhere = EVERYWHERE if operation.method == "GET" else (*EVERYWHERE, *ACTING)
    failures = dict.fromkeys((*operation.failures, *everywhere), schema_of[Failure])
    answers = {
        status: _enveloped(schema_of[each]) if operation.enveloped and status == 200 else schema_of.get(each)
        for status, each in operation.answers.items()
    }
    return {str(status): _response(status, schema) for status, schema in sorted({**failures, **answers}.items())}


def _response(status: int, schema: Schema | None) -> Mapping[str, Any]:
    content = {} if schema is None else {"content": _json(schema)}
    return {"description": HTTPStatus(status).phrase, **content}


def _enveloped(schema: Schema) -> Schema:
    properties = {"success": {"const": True}, "data": schema}
    return {"type": "object", "properties": properties, "required": ["success", "data"]}


def _json(schema: Schema) -> Mapping[str, Any]:
    return {"application/json": {"schema": schema}}


def _identifier(operation: Operation) -> str:
    parts = operation.path.replace("{", "").replace("}", "").replace(".", "/").split("/")
    return "_".join([operation.method.lower(), *(part for part in parts if part not in ("", "api", "v1"))])
