"""
How large a question may be, decided from its text alone before anything is asked of the database.

Each fragment is measured once, however often it is spread, so a document made to be expensive to measure is not.
A fragment that is missing or spreads itself is another rule's business and counts nothing here.
"""

from collections.abc import Iterable
from functools import reduce

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)

DEPTH_MAX = 12
FIELDS_MAX = 1000
TOKENS_MAX = 4000

Size = tuple[int, int]
"""Levels of fields within each other, and fields in all."""


class SizeLimit(ValidationRule):
    """Refuse an operation that is nested too deeply or asks for too many fields."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._fragments = {
            definition.name.value: definition
            for definition in context.document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, Size] = {}

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: object) -> None:
        """Measure an operation."""
        depth, fields = self._of_selections(node.selection_set)
        # The introspection query of every tool is deep and asks nothing of the database.
        if depth > DEPTH_MAX:
            self.report_error(GraphQLError(f"fields are nested {depth} deep, {DEPTH_MAX} allowed", node))
        if fields > FIELDS_MAX:
            self.report_error(GraphQLError(f"{fields} fields are asked for, {FIELDS_MAX} allowed", node))

    def _of_selections(self, selections: SelectionSetNode | None) -> Size:
        return _largest(self._of(each) for each in (selections.selections if selections else ()))

    def _of(self, selection: SelectionNode) -> Size:
        if isinstance(selection, FragmentSpreadNode):
            return self._of_fragment(selection.name.value)
        if isinstance(selection, InlineFragmentNode):
            return self._of_selections(selection.selection_set)
        if isinstance(selection, FieldNode) and not selection.name.value.startswith("__"):
            depth, fields = self._of_selections(selection.selection_set)
            return depth + 1, fields + 1
        return 0, 0

    def _of_fragment(self, name: str) -> Size:
        if name not in self._measured:
            self._measured[name] = 0, 0  # What it counts within itself, should it spread itself.
            fragment = self._fragments.get(name)
            self._measured[name] = self._of_selections(fragment.selection_set) if fragment else (0, 0)
        return self._measured[name]


def _largest(sizes: Iterable[Size]) -> Size:
    """Return the size of things beside each other: the depth of the deepest, and all their fields."""
    return reduce(lambda all_so_far, each: (max(all_so_far[0], each[0]), all_so_far[1] + each[1]), sizes, (0, 0))
