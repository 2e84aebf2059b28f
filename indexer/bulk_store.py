"""Copy many rows into a table at once, in Postgres's own binary form."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from psycopg import sql
from sqlalchemy import BigInteger, DateTime, Integer, LargeBinary, Numeric, Text

from indexer.decode import TABLES
from models import SQLModel
from runtime.database import Connection

_WIRE_TYPES: Final = {
    BigInteger: "int8",
    Integer: "int4",
    LargeBinary: "bytea",
    DateTime: "timestamptz",
    Numeric: "numeric",
    Text: "text",
}


def columns_of(table: str) -> tuple[tuple[str, str], ...]:
    """Return the columns of a table with their binary types."""
    return tuple(
        (column.name, next(name for kind, name in _WIRE_TYPES.items() if isinstance(column.type, kind)))
        for column in SQLModel.metadata.tables[table].columns
    )


COLUMNS: Final = {table: columns_of(table) for table in TABLES.values()}
"""The columns of each fact table with their binary types, in the order that rows have."""


async def copy_in(
    connection: Connection, table: str, columns: Sequence[tuple[str, str]], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Copy rows, each in the order of the columns, into a table."""
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        sql.Identifier(table), sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    )
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([kind for _, kind in columns])
        for row in rows:
            await copy.write_row(row)
