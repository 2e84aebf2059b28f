"""
Make the indexes of a chain's tables when there is something in them.

    first range of a long history ──► set aside: the tables keep their primary keys only
    first refresh of state        ──► made, of the facts before state is computed, of state after it

An index that is made of all rows at once costs a tenth of one that grows row by row in no order, and is a quarter
smaller. Both steps are part of the commit that they belong to, so a crash leaves no table without what it needs.
Meanwhile readers find few facts and no state; what they ask for is right, and slower.
"""

from collections.abc import Iterable

from psycopg import sql
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from models import SQLModel
from runtime.database import Connection

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so.


async def set_aside(connection: Connection, tables: Iterable[str]) -> None:
    """Drop all but the primary and unique keys of tables that are empty, until `make` is called."""
    for table in tables:
        for index in SQLModel.metadata.tables[table].indexes:
            assert index.name is not None, "indexes of ours have names"
            await connection.execute(sql.SQL("drop index if exists {}").format(sql.Identifier(index.name)))


async def make(connection: Connection, tables: Iterable[str]) -> None:
    """Make the indexes of tables that are missing; readers are not disturbed, and writers wait."""
    for table in tables:
        there = await connection.execute(
            "select relname from pg_index join pg_class on oid = indexrelid where indrelid = to_regclass(%s)", (table,)
        )
        names = {row[0] async for row in there}
        for index in sorted(SQLModel.metadata.tables[table].indexes, key=lambda each: str(each.name)):
            if index.name not in names:
                statement = str(CreateIndex(index).compile(dialect=_DIALECT))
                await connection.execute(sql.SQL(statement))
