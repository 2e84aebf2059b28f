"""
The accounts that every local chain begins with, rich and known to all, and who plays whom in our world.

    0      deploys the contracts and owns NodeReputation
    1–4    renters
    5–9    providers

The mnemonic is the public one of anvil and hardhat: it is no secret, and money sent to it elsewhere is lost.
"""

from functools import cache

from eth_account.hdaccount import key_from_seed, seed_from_mnemonic

MNEMONIC = "test test test test test test test test test test test junk"

DEPLOYER = 0
RENTERS = range(1, 5)
PROVIDERS = range(5, 10)


@cache
def private_key(index: int) -> bytes:
    """Return the private key of an account."""
    return bytes(key_from_seed(seed(), f"m/44'/60'/0'/0/{index}"))


@cache
def seed() -> bytes:
    """Return what all keys derive from."""
    return bytes(seed_from_mnemonic(MNEMONIC, ""))
