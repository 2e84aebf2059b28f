"""How large a question may be."""

from graphql import build_schema, parse, validate

from graphql_api.limits import DEFAULTS, rules

SCHEMA = build_schema("type Query { self: Query, name: String }")


def _complaints(document: str) -> list[str]:
    return [error.message for error in validate(SCHEMA, parse(document), rules(DEFAULTS))]


def _nested(depth: int) -> str:
    return "{ self " * (depth - 1) + "{ name }" + " }" * (depth - 1)


def test_the_deepest_that_is_allowed() -> None:
    """The limit counts itself."""
    assert _complaints(_nested(DEFAULTS.depth)) == []
    assert _complaints(_nested(DEFAULTS.depth + 1)) == [
        f"fields are nested {DEFAULTS.depth + 1} deep, {DEFAULTS.depth} allowed"
    ]


def test_the_widest_that_is_allowed() -> None:
    """Fields count however often they are the same: each is answered."""
    assert _complaints("{ " + "name " * DEFAULTS.fields + "}") == []
    assert _complaints("{ " + "name " * (DEFAULTS.fields + 1) + "}") == [
        f"{DEFAULTS.fields + 1} fields are asked for, {DEFAULTS.fields} allowed"
    ]


def test_fragments_count_where_they_are_spread() -> None:
    """Named or inline, depth and fields are those of what they stand for."""
    deep = f"fragment deep on Query {_nested(DEFAULTS.depth)}"

    assert _complaints("{ ... on Query { ...deep } } " + deep) == []
    assert _complaints("{ self { ...deep } } " + deep) != []


def test_a_fragment_that_spreads_itself_is_measured() -> None:
    """Another rule refuses it; this one must not run for ever."""
    assert _complaints("{ ...a } fragment a on Query { name ...b } fragment b on Query { ...a }") == []


def test_a_fragment_that_is_missing_counts_nothing() -> None:
    """Another rule refuses it; this one must not fail."""
    assert _complaints("{ ...nowhere }") == []


def test_introspection_is_free() -> None:
    """Every tool's introspection is deep, and asks nothing of the database."""
    assert (
        _complaints("{ __schema { types { fields { type { ofType { ofType { ofType { ofType { name } } } } } } } } }")
        == []
    )


def test_each_operation_of_a_document_is_measured() -> None:
    """Whichever of them is then run."""
    assert len(_complaints(f"query a {_nested(20)} query b {_nested(20)}")) == 2
