"""
What an answer may cost, known from the question and its variables before anything is asked of the database.

    cost = how many fields the answer can hold at most

Each field counts once for each object it is asked of. A list multiplies what is asked of its rows by its `first`,
`last` or `days`; left out, by the schema's default, 50 in a connection, 10 elsewhere. A few fields weigh more, for
the work behind them. `@skip` and `@include` are not looked at: what may be left out counts.

A document's bill is made once; what then depends on variables is reckoned in microseconds.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_operation_ast,
    is_list_type,
)

from graphql_api.errors import TooCostly
from graphql_api.pages import SIZE_DEFAULT

Variables = Mapping[str, Any]
Amount = int | Callable[[Variables], int]
"""A number, or one that variables decide."""

SIZES = ("first", "last", "days")
"""The arguments that say how long a list is."""

SIZE_MAX = 10_000
"""What a longer list counts as; its own field refuses it, with the length it allows."""

LIST_SIZE = 10
"""How long a list is taken to be that nobody can ask to be shorter."""

WEIGHTS = {"totalCount": 100, "earned": 10, "uptime": 10, "__schema": 5_000, "__type": 500, "__typename": 0}
"""What a field counts that is not 1: rows are counted for it, summed up, or it is long by itself."""

BILLS_KEPT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What one operation costs; `roots` are the fields that it asks of the schema itself, each with how often."""

    kind: OperationType
    roots: Mapping[str, int]
    amount: Amount

    def cost(self, variables: Variables | None) -> int:
        """Return the cost with these variables, as they came: what is wrong about them is told elsewhere."""
        return self.amount if isinstance(self.amount, int) else self.amount(variables or {})

    def check(self, variables: Variables | None, most: int) -> int:
        """Return the cost. Raises `TooCostly` when it is above a limit."""
        if (cost := self.cost(variables)) > most:
            raise TooCostly(cost=cost, most=most)
        return cost


@lru_cache(maxsize=BILLS_KEPT)
def bill(schema: GraphQLSchema, document: DocumentNode, operation_name: str | None = None) -> Bill | None:
    """Return the bill of an operation of a valid document, or None where there is no such operation."""
    operation = get_operation_ast(document, operation_name)
    root = None if operation is None else schema.get_root_type(operation.operation)
    if operation is None or root is None:
        return None
    billing = _Billing(schema, document, operation)
    return Bill(
        kind=operation.operation,
        roots=billing.roots(operation.selection_set),
        amount=billing.of_rows(operation.selection_set, root),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What a selection costs: `once`, and `each` for every row of the page it stands in."""

    once: Amount = 0
    each: Amount = 0


class _Billing:
    """The walk through one operation."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._defaults = {
            definition.variable.name.value: definition.default_value
            for definition in operation.variable_definitions or ()
        }
        self._billed: dict[str, _Part] = {}
        self._counted: dict[str, Counter[str]] = {}

    def roots(self, selections: SelectionSetNode) -> Counter[str]:
        """Return how often each field is selected."""
        counted: Counter[str] = Counter()
        for each in selections.selections:
            if isinstance(each, FieldNode):
                counted[each.name.value] += 1
            elif isinstance(each, FragmentSpreadNode):
                counted += self._roots_of_fragment(each.name.value)
            elif isinstance(each, InlineFragmentNode):
                counted += self.roots(each.selection_set)
        return counted

    def of_rows(
        self, selections: SelectionSetNode | None, parent: GraphQLNamedType, page: Amount = LIST_SIZE
    ) -> Amount:
        """Return the cost of selections inside of which a list without a length of its own is a page long."""
        part = self._of_selections(selections, parent)
        return _sum(part.once, _product(page, part.each))

    def _roots_of_fragment(self, name: str) -> Counter[str]:
        if name not in self._counted:
            self._counted[name] = self.roots(self._fragments[name].selection_set)
        return self._counted[name]

    def _of_selections(self, selections: SelectionSetNode | None, parent: GraphQLNamedType) -> _Part:
        parts = [self._of(each, parent) for each in (selections.selections if selections else ())]
        return _Part(_sum(*(part.once for part in parts)), _sum(*(part.each for part in parts)))

    def _of(self, selection: SelectionNode, parent: GraphQLNamedType) -> _Part:
        if isinstance(selection, FragmentSpreadNode):
            return self._of_fragment(selection.name.value)
        if isinstance(selection, FieldNode):
            return self._of_field(selection, parent)
        assert isinstance(selection, InlineFragmentNode), "there are no other selections"
        condition = selection.type_condition
        inside = parent if condition is None else self._schema.type_map[condition.name.value]
        return self._of_selections(selection.selection_set, inside)

    def _of_fragment(self, name: str) -> _Part:
        if name not in self._billed:
            fragment = self._fragments[name]
            self._billed[name] = self._of_selections(
                fragment.selection_set, self._schema.type_map[fragment.type_condition.name.value]
            )
        return self._billed[name]

    def _of_field(self, node: FieldNode, parent: GraphQLNamedType) -> _Part:
        weight = WEIGHTS.get(node.name.value, 1)
        fields = parent.fields if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else {}
        field = fields.get(node.name.value)
        if field is None:
            return _Part(weight)  # Introspection, which counts as a whole.
        kind = get_named_type(field.type)
        length = self._length(node, field)
        if kind.name.endswith("Connection"):
            page = SIZE_DEFAULT if length is None else length
            return _Part(_sum(weight, self.of_rows(node.selection_set, kind, page)))
        cost = _sum(weight, self.of_rows(node.selection_set, kind))
        if not _is_list(field.type):
            return _Part(cost)
        return _Part(0, cost) if length is None else _Part(_product(length, cost))

    def _length(self, node: FieldNode, field: GraphQLField) -> Amount | None:
        """Return how long a field's list is asked to be, or None where nothing says so."""
        given = {each.name.value: each.value for each in node.arguments or ()}
        named = [given[name] for name in SIZES if name in given]
        standard = next((field.args[name].default_value for name in SIZES if name in field.args), None)
        fallback = standard if isinstance(standard, int) else SIZE_DEFAULT
        if not any(name in field.args for name in SIZES):
            return None
        if not any(isinstance(value, VariableNode) for value in named):
            return max((_literal(value, fallback) for value in named), default=fallback)
        readers = [self._reader(value, fallback) for value in named]
        return lambda variables: max(read(variables) for read in readers)

    def _reader(self, value: ValueNode, fallback: int) -> Callable[[Variables], int]:
        if not isinstance(value, VariableNode):
            literal = _literal(value, fallback)
            return lambda _: literal
        name = value.name.value
        default = _literal(self._defaults.get(name), fallback)
        return lambda variables: _given(variables[name], fallback) if name in variables else default


def _literal(value: ValueNode | None, fallback: int) -> int:
    # Digits without end are no length, and turning them into a number would take its time.
    return _given(int(value.value[:9]), fallback) if isinstance(value, IntValueNode) else fallback


def _given(value: object, fallback: int) -> int:
    """Return a length as a variable gives it: null is none, and what is no number counts as the longest."""
    if value is None:
        return fallback
    is_number = isinstance(value, int | float) and abs(value) < float("inf")
    return min(max(int(value), 0), SIZE_MAX) if is_number else SIZE_MAX  # type: ignore[call-overload]  # It is a number.


def _is_list(kind: GraphQLOutputType) -> bool:
    return is_list_type(kind.of_type if isinstance(kind, GraphQLNonNull) else kind)


def _sum(*amounts: Amount) -> Amount:
    known = sum(each for each in amounts if isinstance(each, int))
    unknown = [each for each in amounts if not isinstance(each, int)]
    return (lambda variables: known + sum(each(variables) for each in unknown)) if unknown else known


def _product(left: Amount, right: Amount) -> Amount:
    if isinstance(left, int) and isinstance(right, int):
        return left * right
    if left == 0 or right == 0:
        return 0
    return lambda variables: _at(left, variables) * _at(right, variables)


def _at(amount: Amount, variables: Variables) -> int:
    return amount if isinstance(amount, int) else amount(variables)
