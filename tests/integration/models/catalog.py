"""Read from Postgres's own catalogs what a schema is made of, to compare one with another."""

from typing import Any

from sqlalchemy import Engine, text

COLUMNS = """
    select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
        pg_get_expr(d.adbin, d.adrelid), l.collname
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'v', 'm')
    left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    left join pg_collation l on l.oid = a.attcollation
    where c.relnamespace = 'public'::regnamespace and a.attnum > 0 and not a.attisdropped
"""
INDEXES = "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public'"
CONSTRAINTS = """
    select conrelid::regclass::text, conname, contype::text, pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'public'::regnamespace
"""
RELATIONS = """
    select relkind::text, relname, relpersistence::text, reloptions from pg_class
    where relnamespace = 'public'::regnamespace
"""
FUNCTIONS = "select proname, pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace"
TRIGGERS = "select tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal"
TYPES = (
    "select typname, typtype::text from pg_type where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')"
)

QUERIES = {
    "columns": COLUMNS,
    "indexes": INDEXES,
    "constraints": CONSTRAINTS,
    "relations": RELATIONS,
    "functions": FUNCTIONS,
    "triggers": TRIGGERS,
    "types": TYPES,
}
ALEMBIC = "alembic_version"

Catalog = dict[str, list[tuple[Any, ...]]]


def catalog(engine: Engine) -> Catalog:
    """Return all that the schema `public` holds, Alembic's own table aside, in a fixed order."""
    with engine.connect() as connection:
        return {
            kind: sorted((tuple(row) for row in connection.execute(text(query)) if not _is_alembics(row)), key=repr)
            for kind, query in QUERIES.items()
        }


def _is_alembics(row: Any) -> bool:
    return any(isinstance(value, str) and value.startswith(ALEMBIC) for value in row)
