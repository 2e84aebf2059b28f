"""The commands about credits: look at the signers' books, pause them, and give a person's word."""

from typing import Annotated

import typer
from rich.console import Console

from lamda import credit_page, credit_queries, orphan_queries
from lamda.operators import operator
from lamda.pooled import run_on_database
from lamda.running import DATA, DataOption
from models.values import checksum_address
from runtime import credit_pause_store
from runtime.database import Pool
from runtime.errors import CannotRun

crediting = typer.Typer(help="Look at the credits on opBNB and at who signs them; pause, resume, adopt.")

NOBODY = "no reactor has signed for this database yet: there is nothing to do"


@crediting.callback(invoke_without_command=True)
def show(context: typer.Context, data: DataOption = DATA) -> None:
    """Show the signers, what they wait for, and where the credits stand."""
    if context.invoked_subcommand is not None:
        return

    async def program(pool: Pool) -> None:
        Console(highlight=False, soft_wrap=True).print(
            credit_page.page(
                await credit_queries.signers(pool),
                await credit_queries.counts(pool),
                await credit_queries.blocked(pool),
                await credit_queries.imbalances(pool),
                await orphan_queries.orphans(pool),
            )
        )

    run_on_database(program, data, program="credits")


@crediting.command()
def pause(reason: Annotated[str, typer.Argument(help="Why, for whoever looks next.")], data: DataOption = DATA) -> None:
    """Sign nothing new until resumed; what is signed already goes on, for its nonces are spent."""

    async def program(pool: Pool) -> None:
        await _pause(pool, reason)
        typer.echo(f"credits are paused: {reason}. `lamda credits resume` ends it")

    run_on_database(program, data, program="credits")


@crediting.command()
def resume(data: DataOption = DATA) -> None:
    """End a pause."""

    async def program(pool: Pool) -> None:
        await _pause(pool, None)
        typer.echo("credits go on")

    run_on_database(program, data, program="credits")


@crediting.command()
def adopt(data: DataOption = DATA) -> None:
    """
    Say that the nonces which halted the signer are history.

    Credits among them count as given, to the oldest jobs of their providers; nothing is signed before all of them are
    final in our index. Do this when you know who used the key: after a database was restored, or when another backend
    has credited.
    """

    async def program(pool: Pool) -> None:
        halted = await credit_queries.adopt(pool)
        if not halted:
            raise CannotRun("no signer is halted: there is nothing to adopt")
        for address, reason in halted:
            typer.echo(f"{checksum_address(address)} goes on, and takes as history: {reason}")

    run_on_database(program, data, program="credits")


@crediting.command()
def restored(data: DataOption = DATA) -> None:
    """
    Say that the database was restored from a backup, before the reactor is started again.

    Credits that were signed since the backup may wait in a pool where nobody sees them. Before the next credit the
    nonces that they may have are spent on transfers of nothing, and what was credited since counts as given.
    """

    async def program(pool: Pool) -> None:
        if not await credit_queries.restored(pool):
            raise CannotRun(NOBODY)
        typer.echo("the next nonces are spent on transfers before anything is credited; `lamda credits` shows how far")

    run_on_database(program, data, program="credits")


async def _pause(pool: Pool, reason: str | None) -> None:
    async with pool.connection() as connection, connection.transaction():
        if not await credit_pause_store.pause(connection, reason, asked_by=operator()):
            raise CannotRun(NOBODY)
