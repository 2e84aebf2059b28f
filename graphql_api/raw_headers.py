"""A request's headers as the server read them, for what looks at every request before anything else does."""

from starlette.types import Scope


def header(scope: Scope, name: bytes) -> str | None:
    """Return the first header of a name, which is in small letters; None where there is none."""
    for each, value in scope["headers"]:
        if each == name:
            return str(value, "latin-1")
    return None
