"""A migrated database, facts in it, and the API serving it on a free port."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import psycopg
import pytest
from psycopg import sql

import migrations
from graphql_api.program import serve
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.limit_settings import LimitSettings
from runtime.live_settings import LiveSettings
from runtime.metrics_settings import MetricsSettings
from runtime.ports import free_port
from runtime.settings import AccountSettings, ApiSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import Market
from tests.integration.graphql_api.stock import five_providers, seven_jobs

TEMPLATE = "api_template"

# Whoever tests asks as fast as it goes; tests of quotas have settings of their own.
IN_A_HURRY = LimitSettings(
    api_requests_per_minute=0,
    api_wallet_requests_per_minute=0,
    api_connections_per_minute=0,
    api_mutations_per_minute=0,
    api_sign_ins_per_minute=0,
)


@pytest.fixture(scope="session")
async def template(postgres: EmbeddedPostgres) -> str:
    """The name of a database with our tables, to be copied: much faster than to migrate each time."""
    await asyncio.to_thread(migrations.upgrade, await postgres.create_database(TEMPLATE))
    return TEMPLATE


@pytest.fixture
async def schema_url(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    """The URL of a database with our tables, all empty."""
    async with copied(postgres, template) as url:
        yield url


@pytest.fixture
async def market(schema_url: str) -> Market:
    """The same database, to commit facts to."""
    return Market(schema_url)


@pytest.fixture
async def api(schema_url: str) -> AsyncIterator[Client]:
    """A client of an API that serves the database."""
    async with serving(schema_url) as client:
        yield client


@pytest.fixture(scope="session")
async def full(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Client]:
    """An API over seven jobs and five providers that nobody changes."""
    async with copied(postgres, template) as url:
        await Market(url).commit(*seven_jobs(), *five_providers())
        async with serving(url) as client:
            yield client


@asynccontextmanager
async def copied(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    """Copy a database, in a lineage of its own, for as long as the block lasts."""
    name = f"api_{secrets.token_hex(6)}"
    async with await psycopg.AsyncConnection.connect(postgres.url("postgres"), autocommit=True) as connection:
        copy = sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        await connection.execute(copy)
    async with await psycopg.AsyncConnection.connect(postgres.url(name)) as connection:
        await connection.execute("update feed set epoch = gen_random_uuid()")
    yield postgres.url(name)
    await postgres.drop_database(name)


@asynccontextmanager
async def serving(
    database_url: str,
    *,
    shows_internal_errors: bool = False,
    accounts: AccountSettings | None = None,
    limits: LimitSettings | None = None,
    live: LiveSettings | None = None,
    looks: MetricsSettings | None = None,
    nats_url: str | None = None,
    port: int | None = None,
    **settings: object,
) -> AsyncIterator[Client]:
    """Serve a database for as long as the block lasts."""
    port, started, stopping = port or free_port(), asyncio.Event(), asyncio.Event()
    server = asyncio.create_task(
        serve(
            ApiSettings.model_validate({"API_PORT": port, **settings}),
            database_url=database_url,
            accounts=accounts,
            limits=limits or IN_A_HURRY,
            live=live,
            looks=looks,
            nats_url=nats_url,
            shows_internal_errors=shows_internal_errors,
            stop=stopping,
            on_started=lambda _: started.set(),
        )
    )
    starting = asyncio.create_task(started.wait())
    await asyncio.wait({server, starting}, return_when=asyncio.FIRST_COMPLETED)
    starting.cancel()
    if server.done():
        server.result()

    async def stop() -> None:
        stopping.set()
        await server

    async with aiohttp.ClientSession() as session:
        yield Client(f"http://127.0.0.1:{port}", session, stop)
    await stop()
