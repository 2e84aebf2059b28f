"""Secrets that are planted in the settings come out nowhere: not in a page, an error or a log, however things fail."""

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

import migrations
from lamda.checkup import check_up
from lamda.doctor_page import page
from runtime.embedded_nats import new_account_seed
from runtime.ports import free_port
from tests.integration.lamda.commands import end_of, start

# Anvil's third account, public in its documentation.
KEY = "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"
PLANTED = {
    "ADMIN_WALLET_PRIVATE_KEY": f"0x{KEY}",
    "BSC_RPC_URL": "http://127.0.0.1:9/v3/planted-bsc-key",
    "OPBNB_RPC_URL": "http://user:planted-opbnb-password@127.0.0.1:9/?apikey=planted-opbnb-key",
    "NATS_URL": "nats://lamda:planted-nats-password@127.0.0.1:9",
    "NATS_SYSTEM_URL": "nats://system:planted-system-password@127.0.0.1:9",
    "NATS_CALLOUT_SEED": "SAPLANTEDCALLOUTSEEDSAPLANTEDCALLOUTSEED",
    "METRICS_TOKEN": "planted-metrics-token",
}
AWAY = "postgresql://lamda:planted-database-password@127.0.0.1:9/lamda"
AWAY_AT = "127.0.0.1:9"

PLAIN = {
    "JOB_MANAGER_CONTRACT_ADDRESS": "0x" + "11" * 20,
    "NODE_REPUTATION_CONTRACT_ADDRESS": "0x" + "22" * 20,
    "BSC_START_BLOCK": "1",
    "OPBNB_START_BLOCK": "1",
    "CONNECT_TIMEOUT_SECONDS": "1",
    "ENVIRONMENT": "production",
}


async def test_no_secret_is_told_by_a_program_that_fails(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkup, and programs whose servers are away, until they give up or are stopped."""
    await asyncio.to_thread(migrations.upgrade, database_url)
    settings = {**PLAIN, **PLANTED, "DATABASE_URL": database_url}
    seed = new_account_seed()
    ends = await asyncio.gather(
        _told({**settings, "NATS_CALLOUT_SEED": seed}, "react"),
        _told(settings, "index"),
        _told({**settings, "API_PORT": str(free_port())}, "serve"),
        _told({**settings, "API_PORT": str(free_port()), "DATABASE_URL": AWAY}, "serve"),
    )
    for name, value in {**settings, "DATABASE_URL": AWAY}.items():
        monkeypatch.setenv(name, value)
    refusal = await _told(settings, "react")
    checked = page(await check_up(Path("nowhere"))).plain

    assert secrets_in("\n".join([checked, refusal, *ends]), seed.lower()) == []
    assert "setting NATS_CALLOUT_SEED is no nkey seed" in refusal
    assert [AWAY_AT in told for told in (checked, *ends)] == [True] * 5, "each says what it waited for"


async def _told(settings: Mapping[str, str], *words: str) -> str:
    """Return what a command says until it ends, or is stopped once it has named a server that is away."""
    process = await start(settings, *words)
    assert process.stderr is not None
    said = ""
    async with asyncio.timeout(60):
        while line := (await process.stderr.readline()).decode():
            said += line
            if AWAY_AT in line and process.returncode is None:
                process.send_signal(signal.SIGTERM)
    told = await end_of(process)
    return said + told.said + told.complaint


def secrets_in(text: str, *more: str) -> list[str]:
    """Return which of the planted secrets a text tells, even in part."""
    return [part for part in ("planted", KEY[:16], KEY[-16:], *more) if part in text.lower()]


def test_a_secret_would_be_found() -> None:
    assert secrets_in(f"key 0x{KEY.upper()}") == [KEY[:16], KEY[-16:]]
