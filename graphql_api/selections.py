"""
Which part of a subscription is the same for many.

A selection is what is asked of each change: the document without the arguments that say which changes. Two subscribers
with one selection get the same text of the same change, whatever their filters and cursors.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, FieldNode, Node, OperationDefinitionNode, VariableDefinitionNode, VariableNode


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked of each change; equal when the query, its name and the variables that count are."""

    query: str
    name: str | None
    counting: str
    document: DocumentNode = field(compare=False, repr=False)
    variables: Mapping[str, Any] = field(compare=False, repr=False)


def selection_of(document: DocumentNode, query: str, name: str | None, variables: Mapping[str, Any]) -> Selection:
    """Return the selection of a subscription."""
    names = sorted(set(_variables_that_count(document)) & variables.keys())
    counting = json.dumps([[each, variables[each]] for each in names], sort_keys=True)
    return Selection(query, name, counting, document, variables)


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
