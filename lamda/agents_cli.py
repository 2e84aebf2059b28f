"""`lamda agents`: who may come in by the door, and who is kept out."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from dispatch.credential_store import FOR_GOOD, CredentialStore, Standing
from lamda.arguments import provider_address
from lamda.pooled import run_on_database
from lamda.running import DATA, DataOption, page
from models.values import checksum_address
from runtime.embedded_nats import new_account_seed, public_key

agents = typer.Typer(help="Show whose agents may connect to NATS, and keep agents out.", invoke_without_command=True)

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The provider's address.")]


@agents.callback()
def show(context: typer.Context, data: DataOption = DATA) -> None:
    """List the providers whose agents have credentials or are barred."""
    if context.invoked_subcommand is not None:
        return

    async def program(credentials: CredentialStore) -> None:
        standings = await credentials.standings()
        lines = [line(each) for each in standings] or ["no agent has a credential, and none is barred"]
        page().print("\n".join(lines), soft_wrap=True)

    _with_credentials(program, data)


@agents.command()
def revoke(
    address: Address,
    reason: Annotated[str, typer.Option("--reason", help="Kept, and shown to the provider.")] = "revoked",
    data: DataOption = DATA,
) -> None:
    """Take back a provider's credentials, and let its agent in no more until it is admitted."""
    wanted = provider_address(address)

    async def program(credentials: CredentialStore) -> None:
        count = await credentials.revoke(wanted, reason)
        page().print(f"{checksum_address(wanted)} is barred; credentials taken back: {count}", soft_wrap=True)

    _with_credentials(program, data)


@agents.command()
def admit(address: Address, data: DataOption = DATA) -> None:
    """Let a provider's agent in again, with a credential that it signs in for anew."""
    wanted = provider_address(address)

    async def program(credentials: CredentialStore) -> None:
        was_barred = await credentials.admit(wanted)
        page().print(f"{checksum_address(wanted)} {'is admitted again' if was_barred else 'was not barred'}")

    _with_credentials(program, data)


@agents.command()
def key() -> None:
    """Make the key by which a NATS server of yours knows who decides about agents: two lines for `.env`."""
    seed = new_account_seed()
    typer.echo(f"NATS_CALLOUT_SEED={seed}\nNATS_CALLOUT_ISSUER={public_key(seed)}")


def line(standing: Standing) -> str:
    """Return in one line who it is, what it may show and until when, and what keeps it out."""
    parts = [f"{standing.credentials} valid credentials"]
    if standing.expires_at:
        parts[0] += f" until {_moment(standing.expires_at)}"
    if standing.signed_in_at:
        parts.append(f"last signed in {_moment(standing.signed_in_at)}")
    if standing.barred_until:
        parts.append(f"barred until {_moment(standing.barred_until)}: {standing.barred_reason}")
    return f"{checksum_address(standing.address)}  {', '.join(parts)}"


def _moment(moment: datetime) -> str:
    # A bar without end is one of a hundred years.
    return "admitted" if moment - datetime.now(UTC) > FOR_GOOD / 2 else f"{moment:%Y-%m-%d %H:%M} UTC"


def _with_credentials(work: Callable[[CredentialStore], Awaitable[None]], data: Path) -> None:
    run_on_database(lambda pool: work(CredentialStore(pool)), data, program="agents")
