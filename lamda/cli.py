"""
The command line.

Each command reads the settings it needs, opens what it stands on, and hands over to its program. What a person
must mend is printed as one message without a traceback, and ends with exit code 1.

A program is imported by the command that runs it: to load them all takes two seconds, and a command needs one.
"""

import asyncio
import sys
from datetime import timedelta
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

import migrations
from lamda.agent_cli import agent
from lamda.agents_cli import agents
from lamda.arguments import job_id
from lamda.credit_cli import crediting
from lamda.databases import database_url
from lamda.looking_cli import looking
from lamda.operator_cli import operating
from lamda.pooled import run_on_database
from lamda.running import DATA, DataOption, run
from models.values import Chain
from runtime.database import Pool, open_pool, wait_until_reachable
from runtime.errors import CannotRun
from runtime.limit_settings import LimitSettings
from runtime.live_settings import LiveSettings
from runtime.metrics import Metrics
from runtime.metrics_settings import MetricsSettings
from runtime.settings import (
    AccountSettings,
    ApiSettings,
    BscSettings,
    BusSettings,
    CommonSettings,
    DevnetSettings,
    IndexerSettings,
    OpbnbSettings,
    ReactorSettings,
    load,
)

app = typer.Typer(
    name="lamda",
    help="Index BSC and opBNB for a GPU marketplace and serve it over GraphQL.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(looking)
app.add_typer(operating)
app.add_typer(crediting, name="credits")
app.add_typer(agents, name="agents")
app.command()(agent)


def main() -> None:
    """Run the command line; print what a person must mend without a traceback."""
    try:
        app()
    except CannotRun as error:
        Console(stderr=True, highlight=False).print(f"[bold red]lamda:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(1)


@app.command("up")
def run_everything(
    data: DataOption = DATA,
    forget: Annotated[bool, typer.Option("--forget", help="Delete the databases of earlier worlds.")] = False,
) -> None:
    """Run everything here: Postgres, two local chains, indexer, API and a small world of actors."""
    from lamda.announcer import Announcer
    from lamda.up import Up

    common, api = load(CommonSettings, ApiSettings)
    announcer = Announcer(Console(highlight=False))
    run(Up(data, common, api, announcer, forget_others=forget).run, common)


@app.command()
def migrate(
    after: Annotated[
        bool, typer.Option("--after", help="When no older version runs any more: take away what only it needed.")
    ] = False,
    data: DataOption = DATA,
) -> None:
    """Bring the database to the schema this version needs; an older version that runs meanwhile does not mind."""
    (common,) = load(CommonSettings)

    async def program(_: asyncio.Event) -> None:
        async with database_url(common, data) as url:
            await wait_until_reachable(url, wait_seconds=common.connect_timeout_seconds)
            before, now = await asyncio.to_thread(partial(migrations.upgrade, url, after=after))
            typer.echo(f"schema is at {now}" + (", as before" if before == now else f", was at {before or 'none'}"))
            if now < migrations.newest():
                typer.echo("its part after the deploy is left: `lamda migrate --after`, when no older version runs")

    run(program, common)


@app.command("index")
def index_chains(
    chain: Annotated[list[Chain] | None, typer.Option(help="Follow this chain only; may be repeated.")] = None,
    to_block: Annotated[int | None, typer.Option(min=0, help="Stop when this block is indexed, and exit 0.")] = None,
    data: DataOption = DATA,
) -> None:
    """Follow the chains into the database, until stopped or up to a block."""
    import uvloop

    from indexer.housekeeping import Retention
    from indexer.program import index
    from indexer.readiness import IndexerReadiness
    from lamda.sources import source
    from runtime.metrics_server import served

    chains = list(dict.fromkeys(chain or list(Chain)))
    groups = [BscSettings if each is Chain.BSC else OpbnbSettings for each in chains]
    common, looks, indexer, *settings = load(CommonSettings, MetricsSettings, IndexerSettings, *groups)
    metrics = Metrics("indexer")
    readiness = IndexerReadiness(chains, idle_seconds_max=indexer.indexer_ready_idle_seconds_max)
    sources = [source(each, indexer) for each in settings]

    async def program(stop: asyncio.Event) -> None:
        async with (
            database_url(common, data) as url,
            served(metrics, looks, readiness.ask),
            open_pool(url, program="index", size=10, wait_seconds=common.connect_timeout_seconds) as pool,
        ):
            await asyncio.to_thread(migrations.check, url)
            await index(
                pool,
                sources,
                stop,
                offline_after=timedelta(seconds=indexer.provider_offline_after_seconds),
                wait_seconds=common.connect_timeout_seconds,
                to_block=to_block,
                retention=Retention.of(indexer),
                metrics=metrics,
                readiness=readiness,
            )

    # A commit is a dozen turns of the loop.
    run(program, common, name="indexer", loop=uvloop.new_event_loop)


@app.command()
def serve(data: DataOption = DATA) -> None:
    """Serve the GraphQL API, until stopped."""
    import uvloop

    from graphql_api.program import serve as serve_api

    common, api, accounts, limits, live, looks, bus = load(
        CommonSettings, ApiSettings, AccountSettings, LimitSettings, LiveSettings, MetricsSettings, BusSettings
    )

    async def program(stop: asyncio.Event) -> None:
        async with database_url(common, data) as url:
            await wait_until_reachable(url, wait_seconds=common.connect_timeout_seconds)
            await asyncio.to_thread(migrations.check, url)
            await serve_api(
                api,
                database_url=url,
                accounts=accounts,
                limits=limits,
                live=live,
                looks=looks,
                nats_url=None if bus.nats_url is None else ",".join(bus.nats_url),
                connect_timeout_seconds=common.connect_timeout_seconds,
                shows_internal_errors=common.environment == "development",
                stop=stop,
            )

    # Half as much time a request as on asyncio's own.
    run(program, common, name="api", loop=uvloop.new_event_loop)


@app.command("react")
def run_reactor(data: DataOption = DATA) -> None:
    """Send jobs to their providers' agents and credit finished ones on chain, until stopped."""
    from dispatch.credit_program import credit
    from dispatch.metrics import ReactorMetrics
    from dispatch.program import Reaction, react
    from dispatch.readiness import ReactorReadiness
    from lamda.buses import bus_access
    from lamda.signing_key import signer_settings
    from runtime.metrics_server import served

    common, looks, bus, reactor, bsc, opbnb = load(
        CommonSettings, MetricsSettings, BusSettings, ReactorSettings, BscSettings, OpbnbSettings
    )
    metrics = Metrics("reactor")
    measured = ReactorMetrics(metrics)
    signing = signer_settings(reactor, bsc, opbnb)

    async def program(stop: asyncio.Event) -> None:
        async with (
            database_url(common, data) as url,
            served(metrics, looks, ReactorReadiness(measured, signing.signer.address).ask),
            bus_access(bus, reactor, data) as access,
        ):
            await wait_until_reachable(url, wait_seconds=common.connect_timeout_seconds)
            await asyncio.to_thread(migrations.check, url)
            reaction = Reaction(
                database_url=url,
                nats_url=access.url,
                callout_seed=access.callout_seed,
                system_url=access.system_url,
                bsc_urls=bsc.bsc_rpc_url,
                job_manager=bsc.job_manager_contract_address,
                wait_seconds=common.connect_timeout_seconds,
                insecure_reports=reactor.insecure_agent_reports,
            )
            await react(reaction, stop, lambda stop: credit(url, signing, stop, measured), measured=measured)

    run(program, common, name="reactor")


@app.command("devnet")
def run_devnet() -> None:
    """Run a world to try: two local chains and the contracts, unless settings name them, and actors on them."""
    from devnet.program import devnet

    common, settings = load(CommonSettings, DevnetSettings)
    run(lambda stop: devnet(settings, stop, tell=typer.echo), common, name="devnet")


@app.command("retry")
def retry_job(
    job: Annotated[str, typer.Argument(help="The job's id: 0x and 64 hex digits.")], data: DataOption = DATA
) -> None:
    """Have an open job handed to its provider's agent again at once, and a failed one run once more."""
    from lamda.retrying import retry

    wanted = job_id(job)

    async def program(pool: Pool) -> None:
        typer.echo(await retry(pool, wanted))

    run_on_database(program, data, program="retry")


@app.command("explain")
def explain_job(
    job: Annotated[str, typer.Argument(help="The job's id: 0x and 64 hex digits.")], data: DataOption = DATA
) -> None:
    """Tell where a job stands, why, and what happened to it."""
    from graphql_api.program import open_world
    from lamda.explain import explain

    wanted = job_id(job)
    common, api, accounts = load(CommonSettings, ApiSettings, AccountSettings)

    async def program(_: asyncio.Event) -> None:
        async with database_url(common, data) as url:
            await wait_until_reachable(url, wait_seconds=common.connect_timeout_seconds)
            await asyncio.to_thread(migrations.check, url)
            async with open_world(api, database_url=url, accounts=accounts) as world:
                await explain(world, wanted, Console(highlight=False, soft_wrap=True))

    run(program, common, level="WARNING")


@app.command("scores")
def show_scores(data: DataOption = DATA) -> None:
    """Compare, for each provider of the running world, jobs confirmed, credited on chain and shown by the API."""
    from chain.errors import RpcError
    from devnet.api_client import ApiError
    from devnet.scores import scores
    from lamda import scores as scores_page

    (common,) = load(CommonSettings)

    async def program(_: asyncio.Event) -> None:
        world = scores_page.running_world(data)
        try:
            Console(soft_wrap=True).print(scores_page.table(await scores(world)))
        except (ApiError, RpcError) as error:
            raise CannotRun(f"the world in {data} does not run: {error}") from error

    run(program, common, level="WARNING")
