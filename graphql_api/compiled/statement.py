"""
A statement being written: what is asked of it, and how each field of the schema becomes JSON.

Every object is written from a relation called `it`; what an inner one needs of an outer one it finds as `owner`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from graphql_api.compiled.asking import Asked
from graphql_api.compiled.json_text import Literal, Parts, members
from graphql_api.compiled.selections import Selected
from graphql_api.page_queries import Parameters


class Numbered(Parameters):
    """Parameters by number, as a prepared statement has them; `first` is the number of the first."""

    def __init__(self, first: int) -> None:
        super().__init__()
        self._first = first

    def add(self, value: Any) -> sql.Composable:
        """Keep a value and return its number."""
        number = self._first + len(self.values)
        super().add(value)
        return sql.SQL(f"${number}")


@dataclass(frozen=True, slots=True)
class Statement:
    """What each field that takes arguments asks, and what there is to write fields with."""

    asked: Sequence[tuple[Selected, Asked]]
    writers: "Writers"

    def object(self, fields: Sequence[Selected]) -> Parts:
        """Return an object with these fields."""
        return members((field.key, self._value(field)) for field in fields)

    def of(self, field: Selected) -> tuple[Asked, int]:
        """Return what a field asks, and the number of the first of its values."""
        number = 1
        for each, asked in self.asked:
            if each is field:
                return asked, number
            number += len(asked.values)
        raise LookupError(f"{field.owner}.{field.name} asks nothing")

    def _value(self, field: Selected) -> Parts:
        if field.name == "__typename":
            return typename(field)
        return self.writers[field.owner, field.name](self, field)


Writer = Callable[[Statement, Selected], Parts]
Writers = Mapping[tuple[str, str], Writer]


def typename(field: Selected) -> Parts:
    """Return the name of the type that a field belongs to."""
    return [Literal(f'"{field.owner}"')]
