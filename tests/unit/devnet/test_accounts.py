"""The world is played by the accounts that anvil begins with."""

from eth_account import Account

from devnet.accounts import DEPLOYER, PROVIDERS, RENTERS, private_key

# What anvil prints at its start.
ADDRESSES = {
    0: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    1: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    9: "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720",
}


def test_keys_are_those_of_the_accounts_that_anvil_prints() -> None:
    """First, second and last."""
    assert {index: Account.from_key(private_key(index)).address for index in ADDRESSES} == ADDRESSES


def test_nobody_plays_two_parts() -> None:
    """Ten accounts: one deployer, four renters, five providers."""
    assert [DEPLOYER, *RENTERS, *PROVIDERS] == list(range(10))
