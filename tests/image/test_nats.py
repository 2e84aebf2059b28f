"""The configuration of NATS for compose is the one that the embedded server has, with passwords from outside."""

import asyncio
import os
from pathlib import Path

from runtime.bus import open_bus
from runtime.embedded_nats import find_binary, new_account_seed, public_key
from runtime.nats_configuration import ACCOUNTS
from runtime.ports import free_port
from tests.architecture.source import ROOT

FILE = (ROOT / "deploy" / "nats.conf").read_text(encoding="utf-8")
OUTSIDE = {
    '"<password>"': "$NATS_PASSWORD",
    '"<system password>"': "$NATS_SYSTEM_PASSWORD",
    '"<issuer>"': "$NATS_CALLOUT_ISSUER",
}


def test_it_lets_in_whom_the_embedded_server_lets_in() -> None:
    """One text of accounts and permissions, whoever runs the server."""
    expected = ACCOUNTS
    for placeholder, variable in OUTSIDE.items():
        expected = expected.replace(placeholder, variable)

    assert FILE.endswith(expected)


async def test_a_server_runs_on_it(tmp_path: Path) -> None:
    """Our own user comes in with the password of the environment, and has streams."""
    port = free_port()
    ours = FILE.replace("4222", str(port)).replace("8222", str(free_port())).replace("/data", str(tmp_path))
    (tmp_path / "nats.conf").write_text(ours)
    secrets = {"NATS_PASSWORD": "first", "NATS_SYSTEM_PASSWORD": "second"}
    server = await asyncio.create_subprocess_exec(
        *(find_binary(), "--config", str(tmp_path / "nats.conf")),
        env={**os.environ, **secrets, "NATS_CALLOUT_ISSUER": public_key(new_account_seed())},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with open_bus(f"nats://lamda:first@127.0.0.1:{port}", program="test") as bus:
            account = await bus.jetstream.account_info()
    finally:
        server.terminate()
        await server.wait()

    assert account.streams == 0
