"""
Ask contracts in batches: views as JSON-RPC questions, beside headers and logs.

`chain.contracts` asks one thing at a time and waits for transactions; this is for many questions about one block.
"""

from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from chain.abi import FUNCTIONS_BY_CONTRACT
from chain.calls import Call
from chain.contracts import as_bytes
from chain.errors import Refused
from contracts import ContractName
from models.values import checksum_address, show_bytes


def view(contract: ContractName, address: bytes, function: str, *arguments: Any, at: int) -> Call[str]:
    """Ask what a function of a contract answers at a block."""
    shape = FUNCTIONS_BY_CONTRACT[contract][function]
    data = shape.selector + encode(as_bytes(shape.inputs), arguments)
    return Call("eth_call", ({"to": show_bytes(address), "data": show_bytes(data)}, hex(at)), str)


def number_in(contract: ContractName, address: bytes, function: str, answer: str) -> int:
    """Return the number that a view answered. Raises `Refused` when that is none: there is another contract."""
    try:
        (value,) = decode(as_bytes(FUNCTIONS_BY_CONTRACT[contract][function].outputs), bytes.fromhex(answer[2:]))
    except (DecodingError, ValueError) as error:
        where = f"{contract} at {checksum_address(address)}"
        raise Refused(f"{function} of {where} answered {answer[:80]!r}, which does not fit its ABI") from error
    return int(value)
