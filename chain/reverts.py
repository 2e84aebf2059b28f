"""
Say in words why a contract refused: a text of its own, or one of the errors of its ABI with what it carries.
"""

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from web3.exceptions import ContractLogicError

from chain.abi import ERRORS_BY_SELECTOR

PREFIX = "execution reverted: "


def reason_of(error: ContractLogicError) -> str:
    """Return the contract's reason, or what the endpoint said where the contract gave none."""
    return named_error(error.data) or (error.message or "no reason given").removeprefix(PREFIX)


def named_error(data: object) -> str:
    """Return the error of our ABIs that the data is, spelled with its arguments, or nothing."""
    try:
        content = bytes.fromhex(str(data).removeprefix("0x"))
        shape = ERRORS_BY_SELECTOR[content[:4]]
        arguments = decode(shape.inputs, content[4:])
    except (ValueError, LookupError, DecodingError):
        return ""
    return f"{shape.name}({', '.join(map(str, arguments))})"
