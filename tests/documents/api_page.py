"""The reference of the API: what may be asked of GraphQL at its root, from the schema, and the REST operations."""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, build_schema

from graphql_api.rest.catalogue import OPERATIONS
from graphql_api.rest.openapi import document
from tests.architecture.source import ROOT
from tests.documents.markdown import page, table

ABOUT = (
    "What may be asked at the root; types are in [schema.graphql](../../schema.graphql), and examples that a frontend "
    "needs in [api.md](../api.md). How large a question may be: [security.md](../security.md)."
)


def written() -> str:
    """Return the page."""
    schema = build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))
    roots = {
        "Queries": schema.query_type,
        "Mutations": schema.mutation_type,
        "Subscriptions": schema.subscription_type,
    }
    parts = [_section(title, root) for title, root in roots.items() if root is not None]
    rest = table(("method and path", "what", "parameters"), _operations(document(OPERATIONS)))
    about = "The whole description, with every shape: `GET /api/v1/openapi.json`."
    return page("The API", ABOUT, [*parts, f"## REST\n\n{about}\n\n{rest}"])


def _section(title: str, root: GraphQLObjectType) -> str:
    rows = [(f"`{name}`", _signature(field), field.description or "") for name, field in root.fields.items()]
    return f"## {title}\n\n{table(('field', 'takes and answers', 'what'), rows)}"


def _signature(field: GraphQLField) -> str:
    arguments = ", ".join(f"{name}: {argument.type}" for name, argument in field.args.items())
    return f"`({arguments})` `{field.type}`" if arguments else f"`{field.type}`"


def _operations(described: Any) -> Iterator[tuple[str, str, str]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            parameters = ", ".join(f"`{each['name']}`" for each in operation.get("parameters", []))
            yield f"`{method.upper()} {path}`", operation.get("summary", ""), parameters
