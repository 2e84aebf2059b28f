"""What a client asks over a connection that stays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError, OperationType, get_operation_ast

from graphql_api.answering import AnsweringSchema
from graphql_api.graphql_requests import Asked
from graphql_api.selections import Selection, selection_of


class NotAnOperation(ValueError):
    """What was sent is no request of GraphQL; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A request of GraphQL."""

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None

    @classmethod
    def of(cls, asked: Asked) -> "Operation":
        """Return what the parameters of a request ask; they have a query."""
        return cls(query=asked.query or "", variables=asked.variables or {}, name=asked.operation_name)

    def kind(self, schema: AnsweringSchema) -> OperationType | None:
        """Return what kind of operation it is; None for one that cannot be parsed or found, which fails as a query."""
        try:
            operation = get_operation_ast(schema.parsed(self.query), self.name)
        except GraphQLError:
            return None
        return None if operation is None else operation.operation

    def selection(self, schema: AnsweringSchema) -> Selection:
        """Return what is asked of each change, of a subscription that is known to be valid."""
        return selection_of(schema.parsed(self.query), self.query, self.name, self.variables)


def read_operation(request: object) -> Operation:
    """Return the operation of what a socket's client sent. Raises `NotAnOperation`."""
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
