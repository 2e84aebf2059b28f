"""
What the fields of one request ask with their arguments, read as the general executor reads them.

The shape of what is asked decides the statement, and its values are the statement's parameters. So two requests that
differ in values only share a statement.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLObjectType, VariableNode
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_arguments

from graphql_api.answering import AnsweringSchema
from graphql_api.compiled.selections import Selected, Uncovered, descend
from graphql_api.criteria import Criteria
from graphql_api.orders import Order
from graphql_api.page_queries import leading
from graphql_api.pages import Page, read_page
from graphql_api.schema.filters import job_criteria, order_of_jobs, order_of_providers, provider_criteria

NO_VARIABLES = VariableValues({}, {})


@dataclass(frozen=True, slots=True)
class One:
    """One row, by its key."""

    values: tuple[Any, ...]
    shape: Hashable = None


@dataclass(frozen=True, slots=True)
class Many:
    """A page of the rows that meet criteria."""

    values: tuple[Any, ...]
    shape: Hashable
    criteria: Criteria
    page: Page


Asked = One | Many


class Question:
    """A field that takes arguments, and what it asks with those of one request."""

    def __init__(self, schema: AnsweringSchema, field: Selected) -> None:
        owner = schema._schema.type_map[field.owner]
        assert isinstance(owner, GraphQLObjectType), "only objects have fields to select"
        self._schema = schema
        self._definition = owner.fields[field.name]
        self._arguments = self._definition.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].arguments
        self._read, known = _READERS[field.owner, field.name]
        self._field = field
        given = field.node.arguments or ()
        for argument in given:
            if argument.name.value not in known:
                raise Uncovered(f"{field.owner}.{field.name}({argument.name.value})")
        varies = any(isinstance(part, VariableNode) for argument in given for part in descend(argument))
        self._always = None if varies else self._ask(NO_VARIABLES)
        self._key = self._key_variable() if len(known) == 1 else None

    def ask(self, variables: VariableValues) -> Asked:
        """Return what is asked. Raises `GraphQLError` where the arguments are none."""
        if self._key is not None and (key := variables.coerced.get(self._key[1])) is not None:
            return self._read(self._field, {self._key[0]: key})
        return self._always or self._ask(variables)

    def _key_variable(self) -> tuple[str, str] | None:
        """Return the argument that one row is asked by, and the variable that it is, where it is one as it stands."""
        [argument] = self._field.node.arguments or ()
        if not isinstance(argument.value, VariableNode):
            return None
        name_of = self._schema.config.name_converter.from_argument
        [name] = [each.python_name for each in self._arguments if name_of(each) == argument.name.value]
        return name, argument.value.name.value

    def _ask(self, variables: VariableValues) -> Asked:
        given = get_argument_values(self._definition, self._field.node, variables)
        registry = self._schema.schema_converter.scalar_registry
        read = convert_arguments(given, self._arguments, scalar_registry=registry, config=self._schema.config)
        return self._read(self._field, read)


def takes_arguments(field: Selected) -> bool:
    """Say whether a field is one that asks something."""
    return (field.owner, field.name) in _READERS


def looks_around(field: Selected, page: Page) -> bool:
    """Say whether a connection is asked for what only the rows say of what lies around a page."""
    known = {"__typename", "hasNextPage" if page.backwards else "hasPreviousPage"}
    return any(part.name not in known for info in field.parts if info.name == "pageInfo" for part in info.parts)


def reads_anything(field: Selected, asked: Asked) -> bool:
    """Say whether the general executor asks the database for a field, and so tells where the answer stands."""
    return isinstance(asked, One) or any(part.name != "__typename" for part in field.parts)


def reads_rows(field: Selected, page: Page) -> bool:
    """Say whether a connection is asked for anything that takes its rows."""
    return looks_around(field, page) or any(part.name in ("nodes", "edges") for part in field.parts)


def _job(_: Selected, given: Mapping[str, Any]) -> Asked:
    return One(values=(_parameter(given["job_id"]),))


def _provider(_: Selected, given: Mapping[str, Any]) -> Asked:
    return One(values=(given["address"],))


def _jobs(field: Selected, given: Mapping[str, Any]) -> Asked:
    return _many(field, job_criteria(given.get("filter")), order_of_jobs(given.get("order_by")), given)


def _providers(field: Selected, given: Mapping[str, Any]) -> Asked:
    return _many(field, provider_criteria(given.get("filter")), order_of_providers(given.get("order_by")), given)


def _many(field: Selected, criteria: Criteria, order: Order, given: Mapping[str, Any]) -> Asked:
    # The statement of the rows takes the value of that condition first, so that of the count does, too.
    first = leading(criteria, order)
    criteria = tuple(sorted(criteria, key=lambda each: each is not first))
    page = read_page(order, **{name: given.get(name) for name in ("first", "after", "last", "before")})
    return Many(
        values=tuple(_parameter(value) for value in _needed(field, criteria, page)),
        shape=(
            tuple((condition.column, condition.relation) for condition in criteria),
            str(order),
            page.size,
            page.backwards,
            _pattern(page.after),
            _pattern(page.before),
        ),
        criteria=criteria,
        page=page,
    )


def _needed(field: Selected, criteria: Criteria, page: Page) -> Iterator[Any]:
    """Yield the values that the statement takes: what it has no use for, Postgres would refuse."""
    is_read = reads_rows(field, page)
    if is_read or any(part.name == "totalCount" for part in field.parts):
        yield from (condition.value for condition in criteria)
    if is_read:
        yield from (value for place in (page.after, page.before) for value in place or () if value is not None)


def _pattern(place: tuple[Any, ...] | None) -> Hashable:
    return None if place is None else tuple(value is None for value in place)


def _parameter(value: Any) -> Any:
    """Return a value as Postgres reads it from text."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    return list(value) if isinstance(value, tuple) else value


_PAGE = {"orderBy", "filter", "first", "after", "last", "before"}

_READERS: Mapping[tuple[str, str], tuple[Callable[[Selected, Mapping[str, Any]], Asked], set[str]]] = {
    ("Query", "job"): (_job, {"jobId"}),
    ("Query", "provider"): (_provider, {"address"}),
    ("Query", "jobs"): (_jobs, _PAGE),
    ("Query", "providers"): (_providers, _PAGE),
    ("Provider", "jobs"): (_jobs, _PAGE),
}
