"""Local chains behave like theirs, and go on after a stop as if there had been none."""

import asyncio
import os
import signal
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devnet import anvil
from devnet.accounts import MNEMONIC
from devnet.anvil import BSC, OPBNB, Anvil, Flavour, NoAnvil, find_anvil
from runtime.ports import LOOPBACK
from runtime.processes import ServerFailed
from tests.integration.conftest import StartAnvil

BY_HAND = replace(BSC, block_seconds=None)


async def block(chain: Anvil, number: int) -> Any:
    """Return a block by number."""
    return await chain.call("eth_getBlockByNumber", hex(number), False)


async def reach(chain: Anvil, height: int) -> None:
    """Return when the chain is that high."""
    async with asyncio.timeout(30):
        while await chain.height() < height:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("flavour", "chain_id", "behind"), [(BSC, 56, 2), (OPBNB, 204, 32)], ids=["bsc", "opbnb"])
async def test_each_chain_has_its_id_and_its_finality(
    start_anvil: StartAnvil, flavour: Flavour, chain_id: int, behind: int
) -> None:
    chain = await start_anvil(replace(flavour, block_seconds=None))
    await chain.mine(40)

    assert chain_id == int(await chain.call("eth_chainId"), 16)
    assert 40 - behind == await chain.height("finalized")


@pytest.mark.parametrize("flavour", [BSC, OPBNB], ids=["bsc", "opbnb"])
async def test_blocks_come_at_the_chains_own_pace(start_anvil: StartAnvil, flavour: Flavour) -> None:
    assert flavour.block_seconds is not None
    clock = asyncio.get_running_loop().time
    chain = await start_anvil(flavour)
    first, began = await chain.height(), clock()
    await reach(chain, first + 8)
    seconds = (clock() - began) / 8

    # Never faster; slower where the machine is busy.
    assert 0.8 * flavour.block_seconds < seconds < 3 * flavour.block_seconds


async def test_several_blocks_share_a_second_and_time_keeps_to_the_clock(start_anvil: StartAnvil) -> None:
    chain = await start_anvil(OPBNB)
    await reach(chain, 12)
    times = [int((await block(chain, number))["timestamp"], 16) for number in range(1, 13)]

    assert times == sorted(times)
    assert len(set(times)) < len(times)
    assert times[-1] - times[0] <= 5


async def test_a_stopped_chain_goes_on_with_the_same_blocks(start_anvil: StartAnvil, tmp_path: Path) -> None:
    chain = await start_anvil(BY_HAND, folder=tmp_path)
    payer, payee = (await chain.call("eth_accounts"))[:2]
    paid = await chain.call("eth_sendTransaction", {"from": payer, "to": payee, "value": "0x1"})
    await chain.mine(50)
    before = [await block(chain, number) for number in (0, 1, 25, 50)]
    assert await chain.stop() == 0

    chain = await start_anvil(BY_HAND, folder=tmp_path, port=chain.port)
    await chain.mine()

    assert before == [await block(chain, number) for number in (0, 1, 25, 50)]
    assert before[-1]["hash"] == (await block(chain, 51))["parentHash"]
    assert (await chain.call("eth_getTransactionReceipt", paid))["blockNumber"] == "0x1"


async def test_old_blocks_and_the_state_at_finality_can_be_asked_for(start_anvil: StartAnvil) -> None:
    """Only states are pruned: blocks, transactions and logs of long ago stay."""
    chain = await start_anvil(replace(OPBNB, block_seconds=None))
    payer, payee = (await chain.call("eth_accounts"))[:2]
    paid = await chain.call("eth_sendTransaction", {"from": payer, "to": payee, "value": "0x1"})
    await chain.mine(150)

    assert (await chain.call("eth_getTransactionReceipt", paid))["blockNumber"] == "0x1"
    assert int(await chain.call("eth_getBalance", payee, "finalized"), 16) == 10_000 * 10**18 + 1
    assert await chain.height("0x1") == 1


async def test_a_chain_can_be_reorganised_below_finality(start_anvil: StartAnvil) -> None:
    chain = await start_anvil(BY_HAND)
    await chain.mine(10)
    old = await block(chain, 8)

    await chain.call("anvil_reorg", 5, [])

    assert await chain.height() == 10
    assert old["hash"] != (await block(chain, 8))["hash"]


async def test_ten_accounts_of_the_public_mnemonic_are_rich(start_anvil: StartAnvil) -> None:
    chain = await start_anvil(BY_HAND)
    accounts = await chain.call("eth_accounts")

    assert len(accounts) == 10
    assert accounts[0] == "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
    assert MNEMONIC.startswith("test test")


async def test_a_killed_chain_is_noticed(start_anvil: StartAnvil) -> None:
    chain = await start_anvil(OPBNB)
    assert chain.pid is not None
    os.kill(chain.pid, signal.SIGKILL)

    with pytest.raises(ServerFailed, match=r"anvil \(opbnb\) was ended by SIGKILL"):
        await chain.watch()
    assert await chain.stop() == -signal.SIGKILL


async def test_a_taken_port_is_told_with_anvils_own_words(start_anvil: StartAnvil) -> None:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        with pytest.raises(ServerFailed, match=r"(?s)anvil \(bsc\) ended .*Address already in use"):
            await start_anvil(BY_HAND, port=listener.getsockname()[1])


async def test_nothing_is_written_outside_of_its_folder(
    start_anvil: StartAnvil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    chain = await start_anvil(BY_HAND)
    await chain.mine(100)
    await chain.stop()

    assert not home.exists()


def test_a_named_anvil_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "my-anvil"
    program.touch(mode=0o755)
    monkeypatch.setenv("ANVIL_BIN", str(program))

    assert program == find_anvil()


def test_a_named_anvil_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANVIL_BIN", "/no/such/anvil")

    with pytest.raises(NoAnvil, match="ANVIL_BIN names /no/such/anvil"):
        find_anvil()


def test_the_one_on_path_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "anvil"
    program.touch(mode=0o755)
    monkeypatch.delenv("ANVIL_BIN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert program == find_anvil()


def test_without_any_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANVIL_BIN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(anvil, "PROJECT", tmp_path)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(NoAnvil, match="npm ci"):
        find_anvil()


async def test_a_chain_has_one_beginning_however_often_it_is_started(start_anvil: StartAnvil, tmp_path: Path) -> None:
    """A database knows its chain by the genesis."""
    beginnings = []
    for _ in range(6):
        chain = await start_anvil(BY_HAND, folder=tmp_path)
        await chain.mine(3)
        beginnings.append(await block(chain, 0))
        assert await chain.stop() == 0

    assert beginnings == [beginnings[0]] * 6
