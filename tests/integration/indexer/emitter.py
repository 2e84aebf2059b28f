"""
A contract that emits any log, put in the place of one of ours.

Real contracts keep their own rules, and the ones deployed out there may keep others: only an emitter can beat for a
provider who never registered, or emit a log that contradicts the ABI. It lives at the address the indexer follows,
so what it emits comes to us as every other log does.

    call data = number of topics (1 byte) ‖ topics (32 bytes each) ‖ data
"""

from collections.abc import Sequence

from eth_abi.abi import encode

from chain.abi import EVENTS_BY_NAME
from indexer.values import Followed
from models.values import show_bytes
from tests.integration.local_chain import LocalChain

BLOCK_BYTES = 32
TOPICS_MAX = 4

PUSH0, PUSH1, STOP, ADD, SUB, SHL, SHR = 0x5F, 0x60, 0x00, 0x01, 0x03, 0x1B, 0x1C
CALLDATALOAD, CALLDATASIZE, CALLDATACOPY, JUMP, JUMPDEST, LOG0 = 0x35, 0x36, 0x37, 0x56, 0x5B, 0xA0


def code() -> bytes:
    """Return the emitter's code: a jump by the first byte of the call data to one block for each number of topics."""
    blocks_at = BLOCK_BYTES
    jump = bytes([PUSH0, CALLDATALOAD, PUSH1, 248, SHR, PUSH1, 5, SHL, PUSH1, blocks_at, ADD, JUMP])
    blocks = [_block(topics).ljust(BLOCK_BYTES, b"\0") for topics in range(TOPICS_MAX + 1)]
    return jump.ljust(blocks_at, b"\0") + b"".join(blocks)


def _block(topics: int) -> bytes:
    data_at = 1 + 32 * topics
    size = bytes([PUSH1, data_at, CALLDATASIZE, SUB])
    load = b"".join(bytes([PUSH1, 1 + 32 * each, CALLDATALOAD]) for each in reversed(range(topics)))
    copy = size + bytes([PUSH1, data_at, PUSH0, CALLDATACOPY])
    return bytes([JUMPDEST]) + copy + load + size + bytes([PUSH0, LOG0 + topics, STOP])


async def take_over(chain: LocalChain, followed: Followed) -> None:
    """Put the emitter in the place of the contract we follow."""
    await chain.ask("anvil_setCode", show_bytes(followed.contract), show_bytes(code()))


async def emit(chain: LocalChain, followed: Followed, call: bytes) -> None:
    """Emit one log in a block of its own."""
    await chain.send(chain.accounts[0], followed.contract, call)
    await chain.mine()


def log_call(topics: Sequence[bytes], data: bytes = b"") -> bytes:
    """Return the call data that makes the emitter emit a log."""
    return bytes([len(topics)]) + b"".join(topic.rjust(32, b"\0") for topic in topics) + data


def event_call(name: str, *arguments: bytes | int) -> bytes:
    """Return the call data for an event with its arguments in the order of the ABI; a string is given as bytes."""
    shape = EVENTS_BY_NAME[name]
    pairs = list(zip(shape.inputs, arguments, strict=True))
    topics = [value for each, value in pairs if each.indexed and isinstance(value, bytes)]
    in_data = [("bytes" if each.type == "string" else each.type, value) for each, value in pairs if not each.indexed]
    data = encode([kind for kind, _ in in_data], [value for _, value in in_data])
    return log_call([shape.topic0_bytes, *topics], data)
