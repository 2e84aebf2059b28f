"""
Find out which blocks an operation asks not to be answered before.

All its fields are answered from one snapshot, so the waiting is done for all of them at once, before it begins. What is
wrong with a document is left to its execution to tell, and nothing is waited for.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLIncludeDirective,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_argument_values,
    get_directive_values,
    get_operation_ast,
    get_variable_values,
)
from graphql.execution.values import VariableValues

from models.values import Chain

ARGUMENT = "notBefore"
"""A document that does not have this text does not wait."""


def awaited_blocks(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None, variables: Mapping[str, Any] | None
) -> Mapping[Chain, int]:
    """Return the block of each chain that some field of a query is not to be answered before."""
    operation = get_operation_ast(document, operation_name)
    if operation is None or operation.operation is not OperationType.QUERY:
        return {}
    values = get_variable_values(schema, operation.variable_definitions or (), dict(variables or {}))
    if isinstance(values, list):
        return {}
    awaited: dict[Chain, int] = {}
    for chain, block in _blocks(schema, document, operation, values):
        awaited[chain] = max(block, awaited.get(chain, block))
    return awaited


def _blocks(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, values: VariableValues
) -> Iterator[tuple[Chain, int]]:
    known = schema.query_type.fields if schema.query_type else {}
    for node in _fields(operation.selection_set, document, values):
        field = known.get(node.name.value)
        if field is not None and ARGUMENT in field.args:
            try:
                asked = get_argument_values(field, node, values).get(ARGUMENT)
            except GraphQLError:
                continue
            if asked is not None:
                yield asked["chain"], asked["block"]


def _fields(selections: SelectionSetNode, document: DocumentNode, values: VariableValues) -> Iterator[FieldNode]:
    """Yield the fields at the root, also those in fragments; validation has seen that none spreads itself."""
    for selection in selections.selections:
        if not _is_wanted(selection, values):
            continue
        if isinstance(selection, FieldNode):
            yield selection
        elif isinstance(selection, InlineFragmentNode):
            yield from _fields(selection.selection_set, document, values)
        elif isinstance(selection, FragmentSpreadNode):
            yield from _fields(_fragment(selection.name.value, document), document, values)


def _fragment(name: str, document: DocumentNode) -> SelectionSetNode:
    return next(
        each.selection_set
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode) and each.name.value == name
    )


def _is_wanted(selection: Any, values: VariableValues) -> bool:
    skip = get_directive_values(GraphQLSkipDirective, selection, values)
    include = get_directive_values(GraphQLIncludeDirective, selection, values)
    return not (skip and skip["if"]) and not (include and not include["if"])
