"""
Put the schema together.

What clients read about it in GraphiQL are our docstrings, written once.
"""

import inspect
from collections.abc import Iterable

from graphql import GraphQLField, GraphQLInputObjectType, GraphQLNamedType, GraphQLObjectType, Undefined
from strawberry.extensions import AddValidationRules, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graphql_api.admission import Admission
from graphql_api.answering import DOCUMENTS_CACHED, AnsweringSchema, CachedDocuments, WaitingForBlocks
from graphql_api.limits import DEFAULTS, Limits, rules
from graphql_api.scalars import SCALARS
from graphql_api.schema.mutation import Mutation
from graphql_api.schema.query import Query
from graphql_api.schema.subscription import Subscription


def build(limits: Limits = DEFAULTS) -> AnsweringSchema:
    """Return the schema, which answers what is within the limits."""
    schema = AnsweringSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=StrawberryConfig(
            scalar_map=SCALARS, batching_config={"max_operations": limits.batch} if limits.batch else None
        ),
        extensions=[
            CachedDocuments,
            WaitingForBlocks,
            # The rules are classes for good: new ones in each request would miss the cache every time.
            lambda: AddValidationRules([*rules(limits)]),
            lambda: ValidationCache(maxsize=DOCUMENTS_CACHED),
            lambda: Admission(limits),
        ],
    )
    schema.limits = limits
    types = schema._schema.type_map.values()
    _describe(types)
    _forget_null_defaults(types)
    return schema


def _describe(types: Iterable[GraphQLNamedType]) -> None:
    """Let clients read our docstrings: of each type, and of each field that has a resolver."""
    for each in types:
        each.description = each.description or _docstring(_part(each, "origin"))
        for field in each.fields.values() if isinstance(each, GraphQLObjectType) else ():
            resolver = _part(field, "base_resolver")
            field.description = field.description or _docstring(getattr(resolver, "wrapped_func", None))


def _forget_null_defaults(types: Iterable[GraphQLNamedType]) -> None:
    """
    Take away the defaults of null that come with Python's.

    The public schema has none: what is left out is not asked, and our resolvers' own defaults say the same.
    """
    for each in types:
        fields = each.fields.values() if isinstance(each, GraphQLObjectType) else ()
        inputs = each.fields.values() if isinstance(each, GraphQLInputObjectType) else ()
        for argument in [*inputs, *(argument for field in fields for argument in field.args.values())]:
            if argument.default_value is None:
                argument.default_value = Undefined


def _part(converted: GraphQLNamedType | GraphQLField, name: str) -> object:
    """Return a part of the definition in Python that a type or field was made from, if it was."""
    return getattr(converted.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF), name, None)


def _docstring(documented: object) -> str | None:
    return inspect.getdoc(documented) if inspect.isclass(documented) or inspect.isfunction(documented) else None
