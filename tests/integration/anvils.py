"""A local chain of its own for whoever tests against one: a free port, no state, gone with the `with` block."""

import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = Path(__file__).parents[2] / "node_modules" / "@foundry-rs"
MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
START_SECONDS_MAX = 20.0


def anvil_binary() -> str:
    """Find anvil: where `$ANVIL_BIN` says, on the path, or in node_modules."""
    package = f"anvil-linux-{MACHINES.get(platform.machine(), 'amd64')}"
    found = os.environ.get("ANVIL_BIN") or shutil.which("anvil") or str(PACKAGES / package / "bin" / "anvil")
    assert Path(found).exists(), f"anvil was not found: run `npm ci`, or set ANVIL_BIN ({found} does not exist)"
    return found


@contextmanager
def old_states() -> Iterator[tuple[str, str]]:
    """Give anvil's option for a place of its old states that goes with the block; else gigabytes stay in our home."""
    with tempfile.TemporaryDirectory(prefix="anvil-") as folder:
        yield "--cache-path", folder


@contextmanager
def anvil(*, chain_id: int, block_seconds: float | None = None) -> Iterator[str]:
    """Run a chain and give its URL. Without a block time, each transaction is mined at once."""
    pace = ["--block-time", str(block_seconds)] if block_seconds else []
    with tempfile.TemporaryFile("w+") as output, old_states() as where:
        command = [anvil_binary(), "--port", "0", "--chain-id", str(chain_id), *pace, *where]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield f"http://{wait_for_place(process, output.fileno())}"
        finally:
            process.kill()
            process.wait()


def wait_for_place(process: subprocess.Popen[bytes], output: int) -> str:
    """Wait until the chain says where it listens."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while process.poll() is None and time.monotonic() < deadline:
        said = os.pread(output, 100_000, 0).decode()
        if found := re.search(r"Listening on (\S+)", said):
            return found[1]
        time.sleep(0.02)
    raise RuntimeError(f"anvil did not start: {os.pread(output, 100_000, 0).decode()}")
