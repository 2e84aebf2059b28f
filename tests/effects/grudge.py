"""
A `NodeReputation` that bears a grudge against one provider: `incrementJobs` reverts for it, and for nobody else.

The real contract's code moves to another address, and a few instructions take its place: they look whom the call is
about, and hand everything else on to it by `delegatecall`. Owner and counts stay where they are, and whom the grudge is
against stands in a slot that a test sets.
"""

from dataclasses import dataclass

from eth_abi.abi import encode
from eth_hash.auto import keccak

from chain.abi import FUNCTIONS_BY_CONTRACT
from models.values import show_bytes
from tests.effects.marketplace import Marketplace

REAL = bytes.fromhex("c0de" * 10)
SLOT = keccak(b"whom the grudge is against")
COMPLAINT = keccak(b"Error(string)")[:4] + encode(["string"], ["NodeReputation: this provider is out of favour"])
SELECTOR = FUNCTIONS_BY_CONTRACT["NodeReputation"]["incrementJobs"].selector


@dataclass(frozen=True, slots=True)
class Grudge:
    """What a test may change."""

    marketplace: Marketplace

    @classmethod
    async def bear(cls, marketplace: Marketplace) -> "Grudge":
        """Change the contract, unless that was done, so that it can bear one; it bears none yet."""
        opbnb, contract = marketplace.world.opbnb, show_bytes(marketplace.world.node_reputation.contract)
        if await opbnb.ask("eth_getCode", show_bytes(REAL), "latest") == "0x":
            await opbnb.ask("anvil_setCode", show_bytes(REAL), await opbnb.ask("eth_getCode", contract, "latest"))
            await opbnb.ask("anvil_setCode", contract, show_bytes(code()))
        return cls(marketplace)

    async def against(self, provider: int) -> None:
        """Refuse to credit a provider from now on."""
        await self._set(self.marketplace.market.provider(provider))

    async def forgive(self) -> None:
        """Credit everybody from now on."""
        await self._set(b"")

    async def _set(self, whom: bytes) -> None:
        contract = show_bytes(self.marketplace.world.node_reputation.contract)
        value = show_bytes(whom.rjust(32, b"\0"))
        await self.marketplace.world.opbnb.ask("anvil_setStorageAt", contract, show_bytes(SLOT), value)


def code() -> bytes:
    """Return the instructions; jumps go to the two places that the names say."""
    hand_on, success = _hand_on()
    look = _look(refusal=0)
    refusal = len(look) + len(hand_on)
    hand_on, _ = _hand_on(success=len(look) + success)
    return _look(refusal=refusal) + hand_on + _refuse(at=refusal)


def _look(*, refusal: int) -> bytes:
    """Jump to the refusal where the call is `incrementJobs` of the one."""
    return bytes.fromhex(
        "600035" "60e01c" f"63{SELECTOR.hex()}" "14"  # calldataload(0) >> 224 == selector
        f"600435" f"7f{SLOT.hex()}54" "14"  # calldataload(4) == sload(slot)
        f"16" f"61{refusal:04x}57"  # and: jumpi
    )  # fmt: skip


def _hand_on(*, success: int = 0) -> tuple[bytes, int]:
    """Hand the call on and return what comes back, or revert with it; return also where success lies in it."""
    call = bytes.fromhex(
        "36" "6000" "6000" "37"  # calldatacopy(0, 0, calldatasize)
        "6000" "6000" "36" "6000" f"73{REAL.hex()}" "5a" "f4"  # delegatecall(gas, real, 0, calldatasize, 0, 0)
        "3d" "6000" "6000" "3e"  # returndatacopy(0, 0, returndatasize)
        f"61{success:04x}57"  # jumpi
        "3d" "6000" "fd"  # revert(0, returndatasize)
    )  # fmt: skip
    return call + bytes.fromhex("5b3d6000f3"), len(call)  # jumpdest: return(0, returndatasize)


def _refuse(*, at: int) -> bytes:
    """Revert with the complaint, which stands behind the instructions."""
    length = len(COMPLAINT)
    instructions = bytes.fromhex(f"5b61{length:04x}61{0:04x}60003961{length:04x}6000fd")
    behind = at + len(instructions)
    return bytes.fromhex(f"5b61{length:04x}61{behind:04x}60003961{length:04x}6000fd") + COMPLAINT
