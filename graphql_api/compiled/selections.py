"""
What a query selects, as a tree: each field once, in the order of the answer, fragments and directives resolved.

Fields are collected by graphql-core itself, so that what is merged, skipped and included is what it would be anyway.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    get_named_type,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

CONDITIONAL = {"skip", "include"}


class Uncovered(Exception):
    """A query that is not answered from a plan, for a reason that is counted."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A field of `owner`, under the key it is answered with; `parts` are the fields selected of it."""

    key: str
    owner: str
    name: str
    node: FieldNode
    parts: tuple["Selected", ...]


class Selector:
    """One operation of a valid document, ready to say what it selects."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        if operation.operation is not OperationType.QUERY:
            raise Uncovered(operation.operation.value)
        self.operation = operation
        self._schema = schema
        self._fragments = {
            definition.name.value: FragmentDetails(definition, None)
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self.switches = tuple(sorted(_switches(document)))

    def select(self, variables: VariableValues) -> tuple[Selected, ...]:
        """Return the fields of the root. Raises `Uncovered`, and `GraphQLError` where a directive cannot be read."""
        root = self._schema.query_type
        assert root is not None, "a schema without queries is none"
        found = collect_fields(self._schema, self._fragments, variables, root, self.operation)
        return self._selected(root, found.grouped_field_set, variables)

    def _selected(
        self, owner: GraphQLObjectType, fields: dict[str, list[FieldDetails]], variables: VariableValues
    ) -> tuple[Selected, ...]:
        return tuple(
            Selected(
                key=key,
                owner=owner.name,
                name=details[0].node.name.value,
                node=details[0].node,
                parts=self._parts(owner, details, variables),
            )
            for key, details in fields.items()
        )

    def _parts(
        self, owner: GraphQLObjectType, details: list[FieldDetails], variables: VariableValues
    ) -> tuple[Selected, ...]:
        node = details[0].node
        if node.selection_set is None:
            return ()
        field = owner.fields.get(node.name.value)
        kind = get_named_type(field.type) if field is not None else None
        if not isinstance(kind, GraphQLObjectType):
            raise Uncovered(f"{owner.name}.{node.name.value}")
        found = collect_subfields(self._schema, self._fragments, variables, self.operation, kind, details)
        return self._selected(kind, found.grouped_field_set, variables)


def find_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """Return the operation that is asked for. Raises `Uncovered` where there is none, or no one of several."""
    found = [
        each
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode) and (name is None or (each.name and each.name.value == name))
    ]
    if len(found) != 1:
        raise Uncovered("no one operation")
    return found[0]


def descend(node: Node) -> Iterator[Node]:
    """Yield a node and every node within it."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        for key in current.keys:
            value = getattr(current, key, None)
            inside = value if isinstance(value, list | tuple) else (value,)
            pending += [each for each in inside if isinstance(each, Node)]


def _switches(document: DocumentNode) -> set[str]:
    """Return the names of the variables that decide what is selected."""
    return {
        argument.value.name.value
        for directive in descend(document)
        if isinstance(directive, DirectiveNode) and directive.name.value in CONDITIONAL
        for argument in directive.arguments or ()
        if isinstance(argument.value, VariableNode)
    }
