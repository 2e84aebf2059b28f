"""`lamda agent`: the reference agent, on a provider's machine."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from devnet.api_client import Api
from devnet.member import Member
from lamda.agent import Agent
from lamda.agent_journal import open_journal
from lamda.agent_login import GivenToken, Login, Wallet
from lamda.running import run
from lamda.secret_files import secret_of
from runtime.errors import CannotRun
from runtime.settings import AgentSettings, CommonSettings, load

KEY_BYTES = 32


def agent(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="What to run for each job.")],
    state: Annotated[Path, typer.Option("--state", help="Folder of the agent's journal; keep it.")],
) -> None:
    """Take a provider's jobs, run a command for each, and report how it ended, until stopped."""
    common, settings = load(CommonSettings, AgentSettings)
    if shutil.which(command[0]) is None:
        # Found out by its first job, it would fail that one and each that follows, for good.
        raise CannotRun(f"cannot run {command[0]}: expected a program that is on PATH or at this place, and executable")

    async def program(stop: asyncio.Event) -> None:
        with open_journal(state) as journal:
            async with _login(settings) as login:
                await Agent(login, journal, command).run(stop)

    run(program, common)


@asynccontextmanager
async def _login(settings: AgentSettings) -> AsyncIterator[Login]:
    key = _private_key(settings)
    if key is None:
        yield _given(settings)
        return
    if settings.api_url is None:
        raise CannotRun("API_URL is missing: expected the API at which the wallet of AGENT_PRIVATE_KEY signs in")
    async with Api(settings.api_url) as api:
        yield Wallet(Member(api, key, chain_id=settings.bsc_chain_id))


def _given(settings: AgentSettings) -> GivenToken:
    given = {
        "AGENT_ADDRESS": settings.agent_address,
        "AGENT_TOKEN": settings.agent_token,
        "NATS_URL": settings.nats_url,
    }
    missing = [name for name, value in given.items() if value is None]
    if settings.agent_address is None or settings.agent_token is None or settings.nats_url is None:
        raise CannotRun(
            f"{', '.join(missing)} missing: expected AGENT_PRIVATE_KEY (or AGENT_PRIVATE_KEY_FILE) with API_URL, "
            "or AGENT_ADDRESS, AGENT_TOKEN and NATS_URL"
        )
    token = settings.agent_token.get_secret_value()
    return GivenToken(settings.agent_address, token, ",".join(settings.nats_url))


def _private_key(settings: AgentSettings) -> bytes | None:
    key, path = settings.agent_private_key, settings.agent_private_key_file
    if key is None and path is None:
        return None
    name, text = secret_of("AGENT_PRIVATE_KEY", key, path)
    try:
        raw = bytes.fromhex(text.strip().removeprefix("0x"))
    except ValueError:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise CannotRun(f"{name} is wrong: expected 64 hex digits")
    return raw
