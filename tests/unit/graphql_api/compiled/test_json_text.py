"""JSON that Postgres writes."""

from graphql_api.compiled.json_text import Expression, Literal, bare, concatenated, members, nullable, quoted


def test_neighbouring_literals_become_one() -> None:
    """An object of two fields is three literals around two expressions."""
    parts = members([("a", quoted("x")), ("b", bare("y"))])

    assert concatenated(parts) == """('{"a":"' || x || '","b":' || (y)::text || '}')"""


def test_an_object_without_fields() -> None:
    """Every field may be skipped."""
    assert concatenated(members([])) == "('{}')"


def test_what_may_be_null_is_null_as_a_whole() -> None:
    """The quotes go with the text."""
    assert nullable(quoted("x")) == [Expression("""coalesce(('"' || x || '"'), 'null')""")]


def test_a_quote_in_a_literal_is_doubled() -> None:
    """Nothing that stands in a literal ends it."""
    assert concatenated([Literal("it's")]) == "('it''s')"
