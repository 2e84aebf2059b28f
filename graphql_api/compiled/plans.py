"""
Plans: what is known of a query before anybody asks it with values.

A document is read once. Which fields it selects depends on the variables of its directives (switches), and the
statement on the shape of what it asks: for both, the last few are kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    is_leaf_type,
    validate,
)
from graphql.execution.values import VariableValues, get_variable_values
from graphql.utilities import coerce_input_value, type_from_ast
from graphql.validation import specified_rules

from graphql_api.answering import AnsweringSchema
from graphql_api.compiled.asking import NO_VARIABLES, Question, reads_anything, takes_arguments
from graphql_api.compiled.block_queries import blocks
from graphql_api.compiled.json_text import concatenated, members
from graphql_api.compiled.object_queries import WRITERS, is_covered
from graphql_api.compiled.recent import Recent
from graphql_api.compiled.selections import Selected, Selector, Uncovered, find_operation
from graphql_api.compiled.statement import Statement
from graphql_api.costs import Bill, bill
from graphql_api.limits import rules

PLANS_MAX = 500
VARIANTS_MAX = 32
"""Selections, and statements, that one plan remembers."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A statement for Postgres, and the values it takes, in order."""

    text: bytes
    values: tuple[Any, ...]


class Plans:
    """The plans of a schema's queries."""

    def __init__(self, schema: AnsweringSchema) -> None:
        self._schema = schema
        self._plans = Recent[Plan](PLANS_MAX)

    def take(self, query: str, operation_name: str | None) -> "Plan":
        """Return the plan of a query. Raises `Uncovered`."""
        return self._plans.take((query, operation_name), lambda: self._make(query, operation_name))

    def _make(self, query: str, operation_name: str | None) -> "Plan":
        try:
            document = self._schema.parsed(query)
            errors = validate(self._schema._schema, document, [*specified_rules, *rules(self._schema.limits)])
        except (GraphQLError, RecursionError) as error:
            raise Uncovered("invalid") from error
        if errors:
            raise Uncovered("invalid")
        return Plan(self._schema, document, operation_name)


class Plan:
    """How one operation is answered, and what it costs."""

    def __init__(self, schema: AnsweringSchema, document: DocumentNode, operation_name: str | None) -> None:
        self.bill: Bill | None = bill(schema._schema, document, operation_name)
        self._schema = schema
        self._selector = Selector(schema._schema, document, find_operation(document, operation_name))
        self._variables = self._selector.operation.variable_definitions or ()
        self._leaves = _required_leaves(schema._schema, self._variables)
        self._selections = Recent[_Selection](VARIANTS_MAX)

    def ready(self, variables: Mapping[str, Any]) -> Ready:
        """Return the statement for these variables, and its values. Raises `Uncovered`."""
        try:
            return self._ready(self._coerced(variables))
        except (GraphQLError, RecursionError) as error:
            raise Uncovered("invalid values") from error

    def _ready(self, variables: VariableValues) -> Ready:
        switches = tuple(variables.coerced.get(name) for name in self._selector.switches)
        return self._selections.take(switches, lambda: self._select(variables)).ready(variables)

    def _select(self, variables: VariableValues) -> "_Selection":
        return _Selection(self._schema, self._selector.select(variables))

    def _coerced(self, variables: Mapping[str, Any]) -> VariableValues:
        if not self._variables:
            return NO_VARIABLES
        if self._leaves is not None:
            coerced = {name: coerce_input_value(variables.get(name), kind) for name, kind in self._leaves.items()}
            if Undefined in coerced.values():
                raise Uncovered("invalid values")
            return VariableValues({}, coerced)
        found = get_variable_values(self._schema._schema, self._variables, dict(variables), max_errors=1)
        if isinstance(found, list):
            raise Uncovered("invalid values")
        return found


def _required_leaves(
    schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
) -> Mapping[str, GraphQLInputType] | None:
    """Return the types of variables that are one value each and must be given; None where some are not."""
    kinds = {each.variable.name.value: type_from_ast(schema, each.type) for each in definitions}
    leaves = {
        name: kind for name, kind in kinds.items() if isinstance(kind, GraphQLNonNull) and is_leaf_type(kind.of_type)
    }
    is_all = len(leaves) == len(definitions) and not any(each.default_value for each in definitions)
    return leaves if is_all else None


class _Selection:
    """The fields that are selected, and the statements that were made for them."""

    def __init__(self, schema: AnsweringSchema, fields: tuple[Selected, ...]) -> None:
        self._fields = fields
        for field in _all(fields):
            if not is_covered(field):
                raise Uncovered(f"{field.owner}.{field.name}")
        self._asking = [field for field in _all(fields) if takes_arguments(field)]
        self._questions = [Question(schema, field) for field in self._asking]
        self._statements = Recent[bytes](VARIANTS_MAX)

    def ready(self, variables: VariableValues) -> Ready:
        asked = [question.ask(variables) for question in self._questions]
        shape = tuple([each.shape for each in asked])

        def write() -> bytes:
            statement = Statement(list(zip(self._asking, asked, strict=True)), WRITERS)
            answer = [("data", statement.object(self._fields))]
            if any(reads_anything(field, each) for field, each in statement.asked):
                answer.append(("extensions", members([("blocks", blocks())])))
            return f"select {concatenated(members(answer))}".encode()

        values = asked[0].values if len(asked) == 1 else tuple(value for each in asked for value in each.values)
        return Ready(self._statements.take(shape, write), values)


def _all(fields: tuple[Selected, ...]) -> Iterator[Selected]:
    for field in fields:
        yield field
        yield from _all(field.parts)
