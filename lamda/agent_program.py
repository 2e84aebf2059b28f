"""Run the reference agent: sign in as its settings say, and work until stopped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devnet.api_client import Api
from devnet.member import Member
from lamda.agent import Agent
from lamda.agent_journal import open_journal
from lamda.agent_login import GivenToken, Login, Wallet
from lamda.secret_files import secret_of
from runtime.errors import CannotRun
from runtime.settings import AgentSettings

KEY_BYTES = 32


async def run_agent(settings: AgentSettings, state: Path, command: list[str], stop: asyncio.Event) -> None:
    """Take jobs and run a command for each; the journal is kept in `state`. Raises `CannotRun` for a wrong setting."""
    with open_journal(state) as journal:
        async with _login(settings) as login:
            await Agent(login, journal, command).run(stop)


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
