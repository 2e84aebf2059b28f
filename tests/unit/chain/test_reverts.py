"""A refusal is told in the words of the contract, as far as it said any."""

import pytest
from web3.exceptions import ContractCustomError, ContractLogicError

from chain.reverts import reason_of, refusal_in

UNAUTHORIZED = "0x118cdaa7" + "00" * 12 + "12" * 20


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ContractCustomError("custom", UNAUTHORIZED), "OwnableUnauthorizedAccount(0x" + "12" * 20 + ")"),
        (ContractCustomError("custom", "0x3ee5aeb5"), "ReentrancyGuardReentrantCall()"),
        (ContractLogicError("execution reverted: job id is taken", "0x08c379a0"), "job id is taken"),
        (ContractLogicError("execution reverted", None), "execution reverted"),
        (ContractLogicError(None, None), "no reason given"),
        (ContractCustomError("an error of another contract", "0xdeadbeef"), "an error of another contract"),
        (ContractCustomError("cut short", UNAUTHORIZED[:40]), "cut short"),
        (ContractCustomError("not hex", "0xzz"), "not hex"),
        (ContractCustomError("an object", {"0x": "12"}), "an object"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_reason_is_what_the_contract_said(error: ContractLogicError, reason: str) -> None:
    """Errors of our ABIs are spelled out; anything else is passed on as the endpoint told it."""
    assert reason_of(error) == reason


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (f"a:1: execution reverted: custom error 0x118cdaa7 ({UNAUTHORIZED})", "OwnableUnauthorizedAccount"),
        ("a:1: execution reverted (0x3ee5aeb5)", "ReentrancyGuardReentrantCall()"),
        ("a:1: execution reverted: job id is taken (0x08c379a0)", "job id is taken"),
        ("a:1: execution reverted", "a:1: execution reverted"),
    ],
)
def test_a_reason_is_found_in_what_an_endpoint_said(said: str, reason: str) -> None:
    """By the data behind it, else in the contract's own words."""
    assert refusal_in(said).startswith(reason)
