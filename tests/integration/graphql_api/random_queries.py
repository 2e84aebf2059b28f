"""
Random queries that are valid by the schema: any fields, aliases, fragments, directives, literals and variables.

Tame ones can be answered. Wild ones may also ask for pages that are too long, with cursors of other orders, or for
what is nobody's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)
from hypothesis import strategies as st

DEPTH_MAX = 7
FIELDS_MAX = 4
CONDITIONS = {"yes": True, "no": False}


class Name(str):
    """A value of an enum, which is written without quotes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What to speak of: values by scalar or by argument, cursors by type of list and order; what is not to be asked."""

    values: Mapping[str, st.SearchStrategy[Any]]
    cursors: Mapping[tuple[str, str], Sequence[str]]
    avoided: frozenset[str]
    wild: bool


@dataclass(slots=True)
class Query:
    """A document and its variables, while they grow."""

    text: str = ""
    declared: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    aliases: int = 0

    def declare(self, kind: str, value: Any) -> str:
        """Return a new variable."""
        name = f"v{len(self.declared)}"
        self.declared[name], self.variables[name] = kind, value
        return f"${name}"


class Speaker:
    """Whoever writes one query."""

    def __init__(self, draw: st.DrawFn, vocabulary: Vocabulary) -> None:
        self._draw = draw
        self._vocabulary = vocabulary
        self._query = Query()

    def query(self, root: GraphQLObjectType) -> Query:
        """Return a query."""
        body = self._selection(root, 0)
        self._query.declared |= dict.fromkeys((name for name in CONDITIONS if f"${name}" in body), "Boolean!")
        self._query.variables |= {name: value for name, value in CONDITIONS.items() if f"${name}" in body}
        declared = ", ".join(f"${name}: {kind}" for name, kind in self._query.declared.items())
        self._query.text = f"query {f'({declared})' if declared else ''} {body}"
        return self._query

    def _selection(self, owner: GraphQLObjectType, depth: int) -> str:
        known = [
            name
            for name, each in owner.fields.items()
            if f"{owner.name}.{name}" not in self._vocabulary.avoided
            and (depth < DEPTH_MAX or not isinstance(get_named_type(each.type), GraphQLObjectType))
        ]
        names = self._draw(st.lists(st.sampled_from([*known, "__typename"]), min_size=1, max_size=FIELDS_MAX))
        return "{ " + " ".join(self._field(owner, name, depth) for name in names) + " }"

    def _field(self, owner: GraphQLObjectType, name: str, depth: int) -> str:
        if name == "__typename":
            return self._conditional(name)
        definition = owner.fields[name]
        self._query.aliases += 1
        is_aliased = bool(definition.args) or self._draw(st.booleans())
        text = f"a{self._query.aliases}: {name}" if is_aliased else name
        kind = get_named_type(definition.type)
        text += self._arguments(definition, kind.name)
        text = self._conditional(text)
        if isinstance(kind, GraphQLObjectType):
            text += " " + self._selection(kind, depth + 1)
        return f"... on {owner.name} {{ {text} }}" if self._draw(st.integers(0, 9)) == 0 else text

    def _conditional(self, text: str) -> str:
        conditions = ["", "", "", "", "", " @include(if: $yes)", " @skip(if: $no)", " @include(if: $no)"]
        return text + self._draw(st.sampled_from(conditions))

    def _arguments(self, definition: GraphQLField, kind: str) -> str:
        given: dict[str, Any] = {}
        for name, argument in definition.args.items():
            if name in self._vocabulary.avoided:
                continue
            if isinstance(argument.type, GraphQLNonNull) or self._draw(st.integers(0, 2)) == 0:
                given[name] = self._argument(name, argument)
        if "after" in definition.args:
            self._place(given, kind)
        written = [self._written(name, definition.args[name].type, value) for name, value in given.items()]
        return f"({', '.join(written)})" if written else ""

    def _place(self, given: dict[str, Any], kind: str) -> None:
        """Make the page one that there is."""
        if self._vocabulary.wild:
            return
        if given.get("first") is not None:
            given.pop("last", None)
        order = given.get("orderBy") or {}
        default = {"JobConnection": "CREATED", "ProviderConnection": "REPUTATION"}[kind]
        known = f"{order.get('field', default)} {order.get('direction', 'DESC')}"
        for name in ("after", "before"):
            if name in given:
                given[name] = self._draw(st.sampled_from(self._vocabulary.cursors[kind, known]))

    def _argument(self, name: str, argument: GraphQLArgument) -> Any:
        values = self._vocabulary.values
        return self._draw(values[name]) if name in values else self._value(argument.type)

    def _value(self, kind: GraphQLInputType) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return self._value(kind.of_type)
        if isinstance(kind, GraphQLList):
            return [self._value(kind.of_type) for _ in range(self._draw(st.integers(0, 3)))]
        if isinstance(kind, GraphQLEnumType):
            return Name(self._draw(st.sampled_from(list(kind.values))))
        if isinstance(kind, GraphQLInputObjectType):
            return {
                name: self._value(each.type)
                for name, each in kind.fields.items()
                if (isinstance(each.type, GraphQLNonNull) and name == "field") or self._draw(st.integers(0, 4)) == 0
            }
        return self._draw(self._vocabulary.values[kind.name])

    def _written(self, name: str, kind: GraphQLInputType, value: Any) -> str:
        if self._draw(st.integers(0, 2)) == 0:
            return f"{name}: {self._query.declare(str(kind), value)}"
        return f"{name}: {literal(value)}"


def literal(value: Any) -> str:
    """Return a value as it stands in a document."""
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {literal(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value)


def queries(schema: GraphQLSchema, vocabulary: Vocabulary) -> st.SearchStrategy[Query]:
    """Return what random queries are drawn from."""
    root = schema.query_type
    assert root is not None, "a schema without queries is none"

    @st.composite
    def query(draw: st.DrawFn) -> Query:
        return Speaker(draw, vocabulary).query(root)

    return query()
