"""
How large a question may be, decided from its text alone before anything is asked of the database.

Each fragment is measured once, however often it is spread, so a document made to be expensive to measure is not.
A fragment that is missing or spreads itself is another rule's business and counts nothing here. What an answer may
cost depends on the variables too, and is reckoned in `costs`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Self

from graphql import (
    ASTValidationRule,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    MaxIntrospectionDepthRule,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)

from runtime.limit_settings import LimitSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a question may be; `batch` is how many operations one request may carry, 0 for one alone."""

    depth: int
    fields: int
    aliases: int
    tokens: int
    cost: int
    batch: int
    introspection: bool

    @classmethod
    def of(cls, settings: LimitSettings) -> Self:
        """Return the limits that settings make."""
        return cls(
            depth=settings.api_depth_max,
            fields=settings.api_fields_max,
            aliases=settings.api_aliases_max,
            tokens=settings.api_tokens_max,
            cost=settings.api_cost_max,
            batch=settings.api_batch_max,
            introspection=settings.api_introspection,
        )


DEFAULTS = Limits.of(LimitSettings.model_construct())
"""The limits where nothing is set, whatever the environment says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Levels of fields within each other, fields in all, and how many of those have a name of their own."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0


@lru_cache(maxsize=8)
def rules(limits: Limits) -> tuple[type[ASTValidationRule], ...]:
    """Return what a document must keep to: the same classes each time, for caches go by them."""
    size: type[ValidationRule] = type("SizeLimit", (_SizeLimit,), {"limits": limits})
    introspection: type[ASTValidationRule] = (
        MaxIntrospectionDepthRule if limits.introspection else NoSchemaIntrospectionCustomRule
    )
    return size, introspection


class _SizeLimit(ValidationRule):
    """Refuse an operation that is nested too deeply, or asks for too many fields or too often for the same."""

    limits: ClassVar[Limits]

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
        # The introspection query of every tool is deep and asks nothing of the database.
        size, most = self._of_selections(node.selection_set), self.limits
        if size.depth > most.depth:
            self.report_error(GraphQLError(f"fields are nested {size.depth} deep, {most.depth} allowed", node))
        if size.fields > most.fields:
            self.report_error(GraphQLError(f"{size.fields} fields are asked for, {most.fields} allowed", node))
        if size.aliases > most.aliases:
            self.report_error(GraphQLError(f"{size.aliases} fields have an alias, {most.aliases} allowed", node))

    def _of_selections(self, selections: SelectionSetNode | None) -> Size:
        return _together(self._of(each) for each in (selections.selections if selections else ()))

    def _of(self, selection: SelectionNode) -> Size:
        if isinstance(selection, FragmentSpreadNode):
            return self._of_fragment(selection.name.value)
        if isinstance(selection, InlineFragmentNode):
            return self._of_selections(selection.selection_set)
        assert isinstance(selection, FieldNode), "there are no other selections"
        aliased = int(selection.alias is not None)
        if selection.name.value.startswith("__"):
            return Size(aliases=aliased)
        inside = self._of_selections(selection.selection_set)
        return Size(depth=inside.depth + 1, fields=inside.fields + 1, aliases=inside.aliases + aliased)

    def _of_fragment(self, name: str) -> Size:
        if name not in self._measured:
            self._measured[name] = Size()  # What it counts within itself, should it spread itself.
            fragment = self._fragments.get(name)
            self._measured[name] = self._of_selections(fragment.selection_set) if fragment else Size()
        return self._measured[name]


def _together(sizes: Iterable[Size]) -> Size:
    """Return the size of things beside each other: the depth of the deepest, and the sum of the rest."""
    depth = fields = aliases = 0
    for size in sizes:
        depth, fields, aliases = max(depth, size.depth), fields + size.fields, aliases + size.aliases
    return Size(depth=depth, fields=fields, aliases=aliases)
