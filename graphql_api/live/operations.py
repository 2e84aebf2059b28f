"""
What a client asks over a connection that stays: an operation, and which parts of it are the same for many.

A selection is what is asked of each change: the document without the arguments that say which changes. Two
subscribers with one selection get the same text of the same change.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    Node,
    OperationDefinitionNode,
    OperationType,
    VariableDefinitionNode,
    VariableNode,
    get_operation_ast,
)

from graphql_api.answering import parse_document


class NotAnOperation(ValueError):
    """What was sent is no request of GraphQL; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A request of GraphQL."""

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None

    def kind(self) -> OperationType | None:
        """Return what kind of operation it is; None for one that cannot be parsed or found, which fails as a query."""
        try:
            operation = get_operation_ast(parse_document(self.query), self.name)
        except GraphQLError:
            return None
        return None if operation is None else operation.operation


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked of each change; equal when the query, its name and the variables that count are."""

    query: str
    name: str | None
    counting: str
    document: DocumentNode = field(compare=False, repr=False)
    variables: Mapping[str, Any] = field(compare=False, repr=False)

    @classmethod
    def of(cls, operation: Operation) -> "Selection":
        """Return the selection of a subscription that is known to be valid."""
        document = parse_document(operation.query)
        names = sorted(set(_variables_that_count(document)) & operation.variables.keys())
        counting = json.dumps([[name, operation.variables[name]] for name in names], sort_keys=True)
        return cls(operation.query, operation.name, counting, document, operation.variables)


def read_operation(request: object) -> Operation:
    """Return the operation of a request. Raises `NotAnOperation`."""
    if not isinstance(request, dict):
        raise NotAnOperation("expected an object with a query")
    query, variables, name = (request.get(each) for each in ("query", "variables", "operationName"))
    if not isinstance(query, str) or not query.strip():
        raise NotAnOperation("query must be a string, and not empty")
    if not isinstance(variables, dict | None):
        raise NotAnOperation("variables must be an object")
    if not isinstance(name, str | None):
        raise NotAnOperation("operationName must be a string")
    return Operation(query=query, variables=variables or {}, name=name)


def _variables_that_count(document: DocumentNode) -> Iterator[str]:
    """Yield the names of the variables that stand elsewhere than in the arguments of a subscription's field."""
    for definition in document.definitions:
        if not isinstance(definition, OperationDefinitionNode):
            yield from _variables(definition)
            continue
        for selection in definition.selection_set.selections:
            parts: list[Any] = [selection]
            if isinstance(selection, FieldNode):
                parts = [*(selection.directives or ()), selection.selection_set]
            for part in parts:
                yield from _variables(part)


def _variables(part: Any) -> Iterator[str]:
    if isinstance(part, VariableNode):
        yield part.name.value
    elif isinstance(part, Node) and not isinstance(part, VariableDefinitionNode):
        for key in part.keys:
            yield from _variables(getattr(part, key, None))
    elif isinstance(part, list | tuple):
        for each in part:
            yield from _variables(each)
