"""
A real local chain whose blocks come when a test says so.

Anvil with mining switched off: transactions wait until `mine`, so a test decides which block holds what, and
`reorg` replaces the newest blocks. `World` is two of them with our contracts deployed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak

from chain.calls import Call
from chain.errors import TryAgain
from chain.rpc import Rpc
from contracts import ContractName, artifact
from indexer.values import Followed
from models.values import Chain, parse_address, show_bytes

MINED_AT_ONCE = 400


class LocalChain:
    """One anvil that mines on request."""

    def __init__(self, url: str, rpc: Rpc, accounts: Sequence[str]) -> None:
        self.url = url
        self.rpc = rpc
        self.accounts = [parse_address(account) for account in accounts]

    @classmethod
    async def open(cls, url: str, rpc: Rpc) -> "LocalChain":
        """Return the chain once its node answers, with mining switched off."""
        async with asyncio.timeout(10):
            while True:
                try:
                    accounts = await rpc.ask(Call("eth_accounts", (), list[str]))
                    break
                except TryAgain:
                    await asyncio.sleep(0.02)
        await rpc.ask(Call("evm_setAutomine", (False,), Any))
        return cls(url, rpc, accounts)

    async def ask(self, method: str, *parameters: Any) -> Any:
        """Return the raw result of any method."""
        return await self.rpc.ask(Call(method, parameters, Any))

    async def send(self, sender: bytes, to: bytes | None, data: bytes, *, value: int = 0) -> str:
        """Put a transaction into the pool and return its hash."""
        transaction = {"from": show_bytes(sender), "data": show_bytes(data), "value": hex(value), "gas": hex(3_000_000)}
        if to is not None:
            transaction["to"] = show_bytes(to)
        return str(await self.ask("eth_sendTransaction", transaction))

    async def deploy(self, name: ContractName) -> bytes:
        """Deploy a contract in a block of its own and return its address."""
        code = bytes.fromhex(artifact(name).bytecode.removeprefix("0x"))
        transaction = await self.send(self.accounts[0], None, code)
        await self.mine()
        receipt = await self.ask("eth_getTransactionReceipt", transaction)
        return parse_address(receipt["contractAddress"])

    async def mine(self, blocks: int = 1) -> None:
        """Mine blocks; the first takes what waits in the pool."""
        # In parts, each of which a busy machine mines before the question times out.
        for done in range(0, blocks, MINED_AT_ONCE):
            await self.ask("anvil_mine", hex(min(MINED_AT_ONCE, blocks - done)), "0x1")

    async def reorg(self, depth: int, transactions: Sequence[tuple[dict[str, str], int]] = ()) -> None:
        """Replace the newest blocks by others that hold these transactions, each with its offset."""
        await self.ask("anvil_reorg", depth, [list(pair) for pair in transactions])

    async def head(self) -> int:
        """Return the number of the newest block."""
        return int(await self.ask("eth_blockNumber"), 16)


def call_data(signature: str, *arguments: Any) -> bytes:
    """Return the call data of a function, given as `name(type,type)`."""
    types = signature[signature.index("(") + 1 : -1]
    return keccak(signature.encode())[:4] + encode(types.split(",") if types else [], arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Both chains with their contracts, and what the indexer has to know of them."""

    bsc: LocalChain
    opbnb: LocalChain
    job_manager: Followed
    node_reputation: Followed

    async def create_job(self, job_id: bytes, *, renter: int = 1, provider: bytes | None = None, wei: int = 10) -> str:
        """Put a `createJob` into BSC's pool."""
        named = self.opbnb.accounts[5] if provider is None else provider
        data = call_data("createJob(bytes32,address)", job_id, show_bytes(named))
        return await self.bsc.send(self.bsc.accounts[renter], self.job_manager.contract, data, value=wei)

    async def confirm(self, job_id: bytes, *, renter: int = 1) -> str:
        """Put a `confirmResult` into BSC's pool."""
        data = call_data("confirmResult(bytes32)", job_id)
        return await self.bsc.send(self.bsc.accounts[renter], self.job_manager.contract, data)

    async def claim(self, job_id: bytes, *, provider: int = 5) -> str:
        """Put a `claimReward` into BSC's pool."""
        data = call_data("claimReward(bytes32)", job_id)
        return await self.bsc.send(self.bsc.accounts[provider], self.job_manager.contract, data)

    async def register(self, provider: int, gpu_model: bytes, vram: int) -> str:
        """Put a `registerNode` into opBNB's pool; the model may be any bytes."""
        selector = keccak(b"registerNode(string,uint256)")[:4]
        data = selector + encode(["bytes", "uint256"], [gpu_model, vram])
        return await self.opbnb.send(self.opbnb.accounts[provider], self.node_reputation.contract, data)

    async def beat(self, provider: int) -> str:
        """Put a `sendHeartbeat` into opBNB's pool."""
        data = call_data("sendHeartbeat()")
        return await self.opbnb.send(self.opbnb.accounts[provider], self.node_reputation.contract, data)

    async def credit(self, provider: int) -> str:
        """Put an `incrementJobs` by the owner into opBNB's pool."""
        data = call_data("incrementJobs(address)", show_bytes(self.opbnb.accounts[provider]))
        return await self.opbnb.send(self.opbnb.accounts[0], self.node_reputation.contract, data)

    def chain(self, name: Chain) -> LocalChain:
        """Return one of the two."""
        return self.bsc if name is Chain.BSC else self.opbnb
