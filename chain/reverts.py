"""
Say in words why a contract refused: a text of its own, or one of the errors of its ABI with what it carries.
"""

import re

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from web3.exceptions import ContractLogicError

from chain.abi import ERRORS_BY_SELECTOR

PREFIX = "execution reverted: "
DATA = re.compile(r"0x[0-9a-fA-F]{8,}")
DATA_BEHIND = re.compile(r" \(0x[0-9a-fA-F]*\)$")


def reason_of(error: ContractLogicError) -> str:
    """Return the contract's reason, or what the endpoint said where the contract gave none."""
    return named_error(error.data) or (error.message or "no reason given").removeprefix(PREFIX)


def refusal_in(message: str) -> str:
    """Return the contract's reason in what an endpoint said, which may hold its data or a text of the contract."""
    named = next(filter(None, map(named_error, DATA.findall(message))), "")
    return named or DATA_BEHIND.sub("", message.rpartition(PREFIX)[2])


def named_error(data: object) -> str:
    """Return the error of our ABIs that the data is, spelled with its arguments, or nothing."""
    try:
        content = bytes.fromhex(str(data).removeprefix("0x"))
        shape = ERRORS_BY_SELECTOR[content[:4]]
        arguments = decode(shape.inputs, content[4:])
    except (ValueError, LookupError, DecodingError):
        return ""
    return f"{shape.name}({', '.join(map(str, arguments))})"
