"""`lamda doctor` on real servers: it passes what is well, and names what is not."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from devnet.accounts import DEPLOYER, private_key
from lamda.checkup import check_up
from lamda.doctor_page import has_failed, page
from runtime.database import Pool
from runtime.embedded_nats import EmbeddedNats
from tests.integration.indexer.conftest import Indexing, index, pool, world
from tests.integration.lamda.commands import lamda, settings_of
from tests.integration.local_chain import World
from tests.integration.meddler import Call, Complaint, meddling

__all__ = ["index", "pool", "world"]

GONE_BELOW = 40


@pytest.fixture
async def settings(world: World, index: Indexing, database_url: str) -> Mapping[str, str]:
    """The settings of a world that is indexed."""
    for chain in (world.bsc, world.opbnb):
        await chain.mine(60)
    await index.settle()
    return settings_of(world, database_url)


async def test_a_system_that_is_well_passes(settings: Mapping[str, str], tmp_path: Path) -> None:
    """Everything is looked at: settings, database, both chains, the wallet, the bus."""
    bus = EmbeddedNats(tmp_path / "nats")
    key = {"ADMIN_WALLET_PRIVATE_KEY": private_key(DEPLOYER).hex()}
    try:
        ended = await lamda({**settings, **key, "NATS_URL": await bus.start()}, "doctor", "--json")
    finally:
        await bus.stop()
    told = json.loads(ended.said)
    subjects = {each["subject"] for each in told["findings"] if each["verdict"] == "well"}

    assert (ended.code, told["well"], ended.complaint) == (0, True, "")
    assert {"versions", "settings", "database", "programs", "bsc", "opbnb", "wallet", "bus"} >= subjects
    assert {"versions", "settings", "database", "bsc", "wallet", "bus"} <= subjects, told
    assert private_key(DEPLOYER).hex() not in ended.said


async def test_everything_that_is_wrong_is_told_at_once(
    settings: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with what to do."""
    wrong = {
        **settings,
        "BSC_CHAIN_ID": "97",
        "API_PORT": "http",
        "NATS_URL": "nats://127.0.0.1:9",
        "ADMIN_WALLET_PRIVATE_KEY": private_key(DEPLOYER + 1).hex(),
    }
    said = await checked_up(wrong, monkeypatch)

    assert "✗ API_PORT (or PORT)='http' is wrong" in said
    assert "is of chain 56, BSC_CHAIN_ID says 97" in said
    assert "does not own NodeReputation" in said
    assert "no connection to NATS at 127.0.0.1:9" in said


async def test_an_endpoint_without_logs_or_history_is_told(
    world: World, settings: Mapping[str, str], pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has `eth_getLogs` switched off, as public ones do; one keeps no logs that are old."""
    async with meddling(world.bsc.url) as off, meddling(world.bsc.url) as short:
        off.meddle, short.meddle = without_logs, without_history
        both = {**settings, "BSC_RPC_URL": f"{off.url},{short.url}"}
        said = await checked_up(both, monkeypatch)
        async with pool.connection() as connection:
            await connection.execute(
                "update checkpoints set number = 10, final_through = 9, state_through = 10 where chain = 'bsc'"
            )
        behind = await checked_up({**settings, "BSC_RPC_URL": short.url}, monkeypatch)

    assert "has eth_getLogs switched off, even for one block" in said
    assert "logs from about block" in said
    assert "enough to go on, not to read history again" in said
    assert "no endpoint keeps logs of block 11, which is read next" in behind


async def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    """Without settings and without a data folder it says so, and leaves nothing behind."""
    findings = await check_up(tmp_path / "data")
    said = page(findings).plain

    assert has_failed(findings)
    assert "no embedded server was ever started in" in said
    assert "BSC_RPC_URL is missing" in said
    assert not (tmp_path / "data").exists()


async def checked_up(settings: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the page of a checkup with these settings."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return page(await check_up(Path("nowhere"))).plain


def without_logs(call: Call, result: object) -> object:
    """Answer as an endpoint that has eth_getLogs switched off."""
    return Complaint("limit exceeded") if call["method"] == "eth_getLogs" else result


def without_history(call: Call, result: object) -> object:
    """Answer as an endpoint that has pruned what is old."""
    if call["method"] == "eth_getLogs" and int(call["params"][0]["fromBlock"], 16) < GONE_BELOW:
        return Complaint("History has been pruned for this block")
    return result


async def test_nonsense_from_an_endpoint_is_told(
    world: World, settings: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkup goes on."""
    async with meddling(world.bsc.url) as strange:
        strange.meddle = lambda call, result: "fifty-six" if call["method"] == "eth_chainId" else result
        said = await checked_up({**settings, "BSC_RPC_URL": strange.url}, monkeypatch)

    assert "its chain id is 'fifty-six', which is no number" in said
    assert "✓ 127.0.0.1" in said
