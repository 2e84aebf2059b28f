"""
JSON that Postgres writes: literal text, and SQL expressions whose text goes between.

A part is a `Literal` or an `Expression`; an expression is JSON in itself or stands inside of quotes, and is never null.
Neighbouring literals become one, so that a row costs Postgres as few concatenations as can be.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby


class Literal(str):
    """JSON as it is."""

    __slots__ = ()


class Expression(str):
    """SQL for a text that is never null."""

    __slots__ = ()


Part = Literal | Expression
Parts = Sequence[Part]


def quoted(expression: str) -> Parts:
    """Return a JSON string of a text that needs no escapes."""
    return [Literal('"'), Expression(expression), Literal('"')]


def escaped(expression: str) -> Parts:
    """Return a JSON string of any text."""
    return [Expression(f"to_json({expression})::text")]


def bare(expression: str) -> Parts:
    """Return a number or a truth value."""
    return [Expression(f"({expression})::text")]


def moment(expression: str) -> Parts:
    """Return a time as `scalars.show_moment` does: with microseconds where it has some."""
    seconds, fraction = 'YYYY-MM-DD"T"HH24:MI:SS"Z"', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
    whole = f"date_trunc('second', {expression}) = {expression}"
    return quoted(f"to_char({expression}, case when {whole} then '{seconds}' else '{fraction}' end)")


def hexed(expression: str) -> Parts:
    """Return bytes as hex."""
    return [Literal('"0x'), Expression(f"encode({expression}, 'hex')"), Literal('"')]


def nullable(parts: Parts) -> Parts:
    """Return the same where each expression may be null, as null then."""
    return [Expression(f"coalesce({concatenated(parts)}, 'null')")]


def members(fields: Iterable[tuple[str, Parts]]) -> Parts:
    """Return an object of keys and their values."""
    parts: list[Part] = []
    for key, value in fields:
        parts += [Literal("," if parts else ""), Literal(f'"{key}":'), *value]
    return [Literal("{"), *parts, Literal("}")]


def concatenated(parts: Parts) -> str:
    """Return SQL for the text that all parts make together."""
    pieces: list[str] = []
    for kind, group in groupby(parts, type):
        same = list(group)
        pieces += [_constant("".join(same))] if kind is Literal else same
    return "(" + " || ".join(pieces) + ")"


def _constant(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
