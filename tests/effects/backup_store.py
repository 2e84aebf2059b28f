"""Take a copy of a database within its server, and put it back: an operator's backup, as old as a test wants it."""

from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from runtime.embedded_postgres import EmbeddedPostgres
from tests.effects.marketplace import Marketplace

BACKUP = sql.Identifier("backup")
END_SESSIONS = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"


async def take_backup(postgres: EmbeddedPostgres, marketplace: Marketplace) -> None:
    """Copy the database; whoever works on it is shut out for a moment."""
    name = urlsplit(marketplace.database_url).path.lstrip("/")
    database = sql.Identifier(name)
    async with await psycopg.AsyncConnection.connect(postgres.url("postgres"), autocommit=True) as connection:
        await connection.execute(sql.SQL("alter database {} allow_connections false").format(database))
        await connection.execute(END_SESSIONS, (name,))
        await connection.execute(sql.SQL("create database {} template {}").format(BACKUP, database))
        await connection.execute(sql.SQL("alter database {} allow_connections true").format(database))


async def restore(postgres: EmbeddedPostgres, marketplace: Marketplace) -> None:
    """Put the copy in the place of the database."""
    name = urlsplit(marketplace.database_url).path.lstrip("/")
    database = sql.Identifier(name)
    async with await psycopg.AsyncConnection.connect(postgres.url("postgres"), autocommit=True) as connection:
        await connection.execute(sql.SQL("drop database {} with (force)").format(database))
        await connection.execute(sql.SQL("create database {} template {}").format(database, BACKUP))
