"""
A contract that refuses to credit one provider, until it relents.

The real code moves to another address, and in its place stands a few bytes that refuse `incrementJobs` for that
provider and pass everything else on, on the storage that was there.
"""

from tests.integration.local_chain import LocalChain, World

REAL_CODE = bytes.fromhex("c0de") * 10
INCREMENT_JOBS = "7ebcd727"
REFUSAL = "3ee5aeb5"
"""ReentrancyGuardReentrantCall(), an error that our ABI knows."""


async def refuse(world: World, provider: int) -> None:
    """Have the contract refuse to credit a provider."""
    contract = "0x" + world.node_reputation.contract.hex()
    code = await world.opbnb.ask("eth_getCode", contract, "latest")
    if not await _code(world.opbnb):
        await world.opbnb.ask("anvil_setCode", "0x" + REAL_CODE.hex(), code)
    await world.opbnb.ask("anvil_setCode", contract, "0x" + _refusing(world.opbnb.accounts[provider]))


async def relent(world: World) -> None:
    """Have the contract credit everybody again."""
    await world.opbnb.ask("anvil_setCode", "0x" + world.node_reputation.contract.hex(), await _code(world.opbnb))


async def _code(chain: LocalChain) -> str:
    code = str(await chain.ask("eth_getCode", "0x" + REAL_CODE.hex(), "latest"))
    return "" if code == "0x" else code


def _refusing(provider: bytes) -> str:
    # calldataload(4) == provider and selector == incrementJobs, then jump to the refusal.
    asked = f"60043573{provider.hex()}1460003560e01c63{INCREMENT_JOBS}1416"
    # calldatacopy; delegatecall(gas, real code, 0, size, 0, 0); returndatacopy.
    passed_on = f"36600060003760006000366000 73{REAL_CODE.hex()}5af43d600060003e".replace(" ", "")
    # Jumps take 4 bytes each: push2, where to, jumpi.
    start = len(asked) // 2 + 4 + len(passed_on) // 2 + 4
    reverts, returns = "3d6000fd", "5b3d6000f3"
    ok, refusal = start + 4, start + 4 + 5
    tail = f"5b63{REFUSAL}60e01b60005260046000fd"
    return f"{asked}61{refusal:04x}57{passed_on}61{ok:04x}57{reverts}{returns}{tail}"
