"""The commands that only look: where everything stands, once or for as long as somebody watches, and what is wrong."""

import asyncio
from typing import Annotated

import typer

from lamda import doctor_page
from lamda.running import DATA, DataOption, page, run
from runtime.errors import CannotRun
from runtime.settings import CommonSettings, load

looking = typer.Typer()

JsonOption = Annotated[bool, typer.Option("--json", help="As one JSON document.")]


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
