"""The public schema, as clients see it."""

from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    find_breaking_changes,
)

from graphql_api.schema import build
from tests.architecture.source import ROOT

PROMISE = Path(__file__).parent / "promise.graphql"


def test_the_schema_is_the_one_written_down() -> None:
    """A change of the schema is a change of `schema.graphql`, seen by whoever reads the commit: `make schema`."""
    assert str(build()) + "\n" == (ROOT / "schema.graphql").read_text(encoding="utf-8")


def test_the_schema_keeps_what_was_promised() -> None:
    """Names and types only grow: nothing that a client of the promise may use is gone or of another kind."""
    promise = build_schema(PROMISE.read_text(encoding="utf-8"))

    broken = [change.description for change in find_breaking_changes(promise, build()._schema)]

    assert broken == []


def test_everything_that_can_be_asked_is_described() -> None:
    """Somebody who opens GraphiQL can find out what there is."""
    kinds = GraphQLObjectType | GraphQLInputObjectType | GraphQLInterfaceType | GraphQLEnumType
    types = [each for each in build()._schema.type_map.values() if isinstance(each, kinds)]
    entries = [entry for each in types if each.name in {"Query", "Subscription"} for entry in each.fields.items()]  # type: ignore[union-attr]

    assert [each.name for each in types if not each.description] == []
    assert [name for name, entry in entries if not entry.description] == []


def test_two_schemas_live_side_by_side() -> None:
    """A process may build as many as it likes; tests do."""
    assert str(build()) == str(build())
