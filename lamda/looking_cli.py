"""The commands that only look: where everything stands, once or for as long as somebody watches, and what is wrong."""

import asyncio
from typing import Annotated

import typer

import migrations
from lamda import doctor_page, queries
from lamda import status as status_page
from lamda.databases import database_url
from lamda.running import DATA, DataOption, page, run
from lamda.watching import keep_watch
from runtime.database import open_pool
from runtime.errors import CannotRun
from runtime.settings import CommonSettings, load

looking = typer.Typer()

JsonOption = Annotated[bool, typer.Option("--json", help="As one JSON document.")]


@looking.command()
def status(
    as_json: JsonOption = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep it on the screen, renewed, until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option("--every", min=0.2, help="Seconds between two looks of --watch.")] = 2.0,
    data: DataOption = DATA,
) -> None:
    """Show how far each chain is indexed, how well its endpoints are, and what stands in the way."""
    if as_json and watch:
        raise CannotRun("--json and --watch exclude each other: a document is written once")

    (common,) = load(CommonSettings)

    async def program(stop: asyncio.Event) -> None:
        async with (
            database_url(common, data) as url,
            open_pool(url, program="status", size=1, wait_seconds=common.connect_timeout_seconds) as pool,
        ):
            await asyncio.to_thread(migrations.check, url)
            if watch:
                await keep_watch(pool, page(), stop, every_seconds=every)
                return
            chains, refusals = await queries.chain_statuses(pool), await queries.refusals_today(pool)
        if as_json:
            typer.echo(status_page.as_json(chains, refusals))
        else:
            page().print(status_page.page(chains, refusals))

    run(program, common, level="ERROR")


@looking.command()
def doctor(as_json: JsonOption = False, data: DataOption = DATA) -> None:
    """Check settings, database, endpoints, wallet and bus; say what to do; exit 1 when something is wrong."""
    from lamda.checkup import check_up

    async def program(_: asyncio.Event) -> None:
        findings = await check_up(data)
        if as_json:
            typer.echo(doctor_page.as_json(findings))
        else:
            page().print(doctor_page.page(findings), soft_wrap=True)
        if doctor_page.has_failed(findings):
            raise typer.Exit(1)

    run(program, _common(), level="CRITICAL")


def _common() -> CommonSettings:
    """Return the settings by which logs are written; wrong ones are for the checkup to find."""
    try:
        return CommonSettings(**load(CommonSettings)[0].model_dump())
    except CannotRun:
        return CommonSettings.model_construct()
