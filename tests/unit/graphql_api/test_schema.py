"""The public schema, as clients see it."""

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from graphql_api.graphiql import FOLDER
from graphql_api.schema import build


def test_the_schema_is_the_one_written_down() -> None:
    """
    A change of the schema is a change of `schema.graphql`, seen by whoever reads the commit.

    Write it anew with: python -c "from graphql_api.schema import build; print(build())" > graphql_api/schema.graphql
    """
    assert str(build()) + "\n" == (FOLDER / "schema.graphql").read_text(encoding="utf-8")


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
