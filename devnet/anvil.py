"""
A local chain with the ways of BSC or opBNB, run by anvil.

Blocks are made by us, one `evm_mine` a tick. Anvil's own `--block-time` is not used: with it anvil keeps 1,500 states,
each with every block hash so far (3.2 GB after 40 minutes of opBNB); without it `--prune-history` is obeyed (0.2 GB).
The chain is written to the state file when anvil is asked to stop, and only then: after a kill it is not to be trusted.
"""

import asyncio
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chain.calls import Call
from chain.errors import RpcError
from chain.rpc import Rpc
from devnet.accounts import MNEMONIC
from devnet.anvil_state import keep_first_genesis
from devnet.world import STATE
from runtime.errors import CannotRun
from runtime.ports import LOOPBACK, free_port
from runtime.processes import Child, Program

ACCOUNTS = 10
READY_SECONDS = 20.0
# Writing out a long chain takes a while: 10,000 blocks are 18 MB and 0.1 s.
STOP_SECONDS = 60.0
CALL_SECONDS = 30.0
REORG_ROOM = 30
PROJECT = Path(__file__).resolve().parent.parent


class NoAnvil(CannotRun):
    """There is no anvil on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """
    How a chain behaves. Finalized trails the head by two epochs. Without block seconds nothing mines by itself.

    It begins now, or at a time given in unix seconds.
    """

    name: str
    chain_id: int
    block_seconds: float | None
    slots_in_an_epoch: int
    begins_at: int | None = None

    @property
    def states_kept(self) -> int:
        """How far back the chain can answer calls and be reorganised: to the finalized block and some way beyond."""
        return 2 * self.slots_in_an_epoch + REORG_ROOM


BSC = Flavour(name="bsc", chain_id=56, block_seconds=0.45, slots_in_an_epoch=1)
OPBNB = Flavour(name="opbnb", chain_id=204, block_seconds=0.25, slots_in_an_epoch=16)


class Anvil:
    """One local chain. With a state file it continues where it was stopped; without one it starts at genesis."""

    def __init__(self, flavour: Flavour, *, folder: Path, port: int | None = None) -> None:
        self.flavour = flavour
        self.port = port or free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._folder = folder
        self._child: Child | None = None
        self._rpc = Rpc([self.url], timeout_seconds=CALL_SECONDS)
        self._ticker: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Anvil's process id while it runs."""
        return self._child.pid if self._child else None

    async def start(self) -> None:
        """Start the chain and return when it answers."""
        await asyncio.to_thread(keep_first_genesis, self._folder / STATE)
        self._child = Child(self._program(find_anvil()))
        await self._rpc.__aenter__()
        try:
            await self._child.start()
            await self._child.ready(self._answers, within_seconds=READY_SECONDS)
        except BaseException:
            await self.stop()
            raise
        if self.flavour.block_seconds is not None:
            self._ticker = asyncio.create_task(self._tick(self.flavour.block_seconds), name=f"{self.flavour.name} tick")

    async def stop(self) -> int | None:
        """Stop the chain; zero means that its state was written out whole."""
        await self._stop_ticking()
        code = await self._child.stop(within_seconds=STOP_SECONDS) if self._child else None
        await self._rpc.__aexit__(None, None, None)
        return code

    @property
    def exit_code(self) -> int | None:
        """How anvil ended; None while it runs and when it was never started."""
        return self._child.exit_code if self._child else None

    async def watch(self) -> None:
        """Raise `ServerFailed` as soon as anvil ends; never return."""
        if self._child is None:
            raise RuntimeError(f"the chain {self.flavour.name} has not been started")
        await self._child.watch()

    async def call(self, method: str, *params: object) -> Any:
        """Return the answer to one JSON-RPC call, anvil's own (`anvil_reorg`) among them."""
        return await self._rpc.ask(Call(method, params, object))

    async def mine(self, blocks: int = 1) -> int:
        """Make blocks at once and return the new height."""
        for _ in range(blocks):
            await self.call("evm_mine")
        return await self.height()

    async def height(self, tag: str = "latest") -> int:
        """Return the number of the newest block, or of the one the tag names."""
        block = await self.call("eth_getBlockByNumber", tag, False)
        return int(block["number"], 16)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _program(self, anvil: Path) -> Program:
        flavour = self.flavour
        options = {
            "--host": LOOPBACK,
            "--port": self.port,
            "--chain-id": flavour.chain_id,
            "--slots-in-an-epoch": flavour.slots_in_an_epoch,
            "--prune-history": flavour.states_kept,
            "--mnemonic": MNEMONIC,
            "--accounts": ACCOUNTS,
            "--state": self._folder / STATE,
            "--cache-path": self._folder / "cache",
        }
        if flavour.begins_at is not None:
            options["--timestamp"] = flavour.begins_at
        self._folder.mkdir(parents=True, exist_ok=True)
        words = [str(word) for option in options.items() for word in option]
        return Program(
            name=f"anvil ({flavour.name})",
            command=(str(anvil), *words, "--no-mining", "--quiet"),
            log=self._folder / "log",
        )

    async def _answers(self) -> bool:
        try:
            return int(await self.call("eth_chainId"), 16) == self.flavour.chain_id
        except RpcError:
            return False

    async def _tick(self, block_seconds: float) -> None:
        """Make a block at every beat, and skip the beats that were missed."""
        clock = asyncio.get_running_loop().time
        beat = clock()
        while True:
            await self.call("evm_mine")
            beat = max(beat + block_seconds, clock())
            await asyncio.sleep(beat - clock())

    async def _stop_ticking(self) -> None:
        if self._ticker is None:
            return
        self._ticker.cancel()
        # The chain may have ended under the ticker; that is told by `wait`, not here.
        await asyncio.gather(self._ticker, return_exceptions=True)
        self._ticker = None


def find_anvil() -> Path:
    """Return the anvil to run: `$ANVIL_BIN`, else the one on PATH, else the project's own from npm."""
    named = os.environ.get("ANVIL_BIN")
    if named:
        return _require_program(Path(named))
    on_path = shutil.which("anvil")
    if on_path:
        return Path(on_path)
    for found in _from_npm():
        return found
    raise NoAnvil("anvil is not here: run `npm ci` in the project's folder, or name one with ANVIL_BIN")


def _require_program(path: Path) -> Path:
    if not os.access(path, os.X_OK) or path.is_dir():
        raise NoAnvil(f"ANVIL_BIN names {path}, which is not a program; correct it, or unset it and run `npm ci`")
    return path


def _from_npm() -> Iterator[Path]:
    for root in (PROJECT, Path.cwd()):
        yield from sorted(root.glob("node_modules/@foundry-rs/anvil-linux-*/bin/anvil"))
