"""Wallets that are contracts, on two real chains: those that are honest, and those built to hurt whoever asks them."""

import json
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from chain.wallet import Wallet as Sender
from models.values import checksum_address, parse_address, show_bytes
from tests.integration.graphql_api.wallets import Wallet

ARTIFACT = Path(__file__).parents[3] / "contracts" / "artifacts" / "SmartWallet.json"
BYTECODE = bytes.fromhex(json.loads(ARTIFACT.read_text("utf-8"))["bytecode"][2:])

FACTORY = parse_address("0x4e59b44847b379578588920cA78FbF26c0B4956C")
"""Creates what it is sent; every anvil has it."""

MAGIC = bytes.fromhex("6492" * 16)
"""What a signature ends with that says how its wallet would be deployed (ERC-6492)."""

OWNER = Wallet(1)


class Manner(IntEnum):
    """How a wallet answers; as in the contract."""

    HONEST = 0
    ALWAYS_YES = 1
    BURNS_GAS = 2
    SENDS_ELSEWHERE = 3
    SHOUTS = 4


@dataclass(frozen=True, slots=True)
class SmartWallet:
    """A wallet of the owner's, at the same address on every chain; `salt` tells it from others."""

    salt: int
    manner: Manner = Manner.HONEST

    @property
    def address(self) -> str:
        """Where the factory puts it."""
        parts = b"\xff" + FACTORY + self._salt + keccak(self._creation)
        return checksum_address(keccak(parts)[12:])

    @property
    def deployment(self) -> bytes:
        """What the factory is sent."""
        return self._salt + self._creation

    async def deploy(self, sender: Sender) -> None:
        """Put it on a chain."""
        await sender.connection.receipt(await sender.send(to=FACTORY, data=self.deployment))

    def wrap(self, signature: str) -> str:
        """Return a signature with how the wallet would be deployed."""
        inner = bytes.fromhex(signature[2:])
        return show_bytes(encode(["address", "bytes", "bytes"], [show_bytes(FACTORY), self.deployment, inner]) + MAGIC)

    @property
    def _salt(self) -> bytes:
        return self.salt.to_bytes(32, "big")

    @property
    def _creation(self) -> bytes:
        return BYTECODE + encode(["address", "uint8"], [OWNER.address, int(self.manner)])
