"""A request's headers as the server read them, for what looks at every request before anything else does."""

from starlette.types import Scope

FIRST = "first_headers"
"""Where a scope keeps the first header of each name."""


def header(scope: Scope, name: bytes) -> str | None:
    """Return the first header of a name, which is in small letters; None where there is none."""
    first = scope.get(FIRST)
    if first is None:
        first = scope[FIRST] = dict(reversed(scope["headers"]))
    value = first.get(name)
    return None if value is None else str(value, "latin-1")
