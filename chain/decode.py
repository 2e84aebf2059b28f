"""
Decide what a log says: the arguments of its event, exact, or `Undecodable`.

A decoder is generated from the shape of each event, once, when this module is imported. The one of JobCreated reads

    def decode_JobCreated(topics, data):
        count_topics(topics, 4)
        words = data_bytes(data, 32)
        return (topic_bytes32(topics[1]), topic_address(topics[2]), topic_address(topics[3]), data_uint256(words, 0))

It is as strict as eth_abi and twenty-five times as fast. Addresses and hashes come as bytes, integers as `int`.
A string comes as the bytes that are on chain, because invalid UTF-8, NUL and any length are legal there; making it
presentable is left to whoever shows it.
"""

from binascii import unhexlify
from collections.abc import Callable
from typing import Any

from chain.abi import EVENTS, EVENTS_BY_TOPIC0, EventShape
from chain.wire import RawLog

Decoder = Callable[[list[str], str], tuple[Any, ...]]

ADDRESS_PADDING = "0x" + "0" * 24

IN_TOPICS = {
    "bytes32": "topic_bytes32(topics[{at}])",
    "address": "topic_address(topics[{at}])",
}
IN_DATA = {
    "uint256": "data_uint256(words, {at})",
    "string": "data_string(words, {at}, {head_size})",
}


class Undecodable(ValueError):
    """`log` contradicts the shape of its event: a wrong contract, a wrong ABI or a lying endpoint."""

    def __init__(self, message: str, log: RawLog) -> None:
        super().__init__(message)
        self.log = log


def decode(log: RawLog) -> tuple[Any, ...]:
    """Return the arguments of the log's event in the order of the ABI."""
    topics = log.topics
    try:
        return DECODERS[topics[0]](topics, log.data)
    except (LookupError, ValueError) as error:
        raise Undecodable(describe(log, error), log) from error


def describe(log: RawLog, error: Exception) -> str:
    """Say which log could not be decoded and what was wrong with it."""
    shape = EVENTS_BY_TOPIC0.get(log.topics[0]) if log.topics else None
    name, wrong = (shape.name, str(error)) if shape else ("unknown event", f"no event has the topics {log.topics}")
    return f"{name} in block {log.block_number}, transaction {log.transaction_hash}, log {log.log_index}: {wrong}"


def count_topics(topics: list[str], expected: int) -> None:
    """Refuse a log with more or fewer topics than its event has."""
    if len(topics) != expected:
        raise ValueError(f"{len(topics)} topics instead of {expected}")


def topic_bytes32(topic: str) -> bytes:
    """Return the 32 bytes of a topic."""
    if len(topic) != 66 or not topic.startswith("0x"):
        raise ValueError(f"topic {topic} is not 32 bytes in hex")
    return unhexlify(topic[2:])


def topic_address(topic: str) -> bytes:
    """Return the 20 bytes of an address, which stand behind twelve zeros."""
    if len(topic) != 66 or not topic.startswith(ADDRESS_PADDING):
        raise ValueError(f"topic {topic} is not an address padded to 32 bytes in hex")
    return unhexlify(topic[26:])


def data_bytes(data: str, head_size: int) -> bytes:
    """Return the data as bytes, which hold at least a head of the given size."""
    if not data.startswith("0x"):
        raise ValueError("data does not start with 0x")
    content = unhexlify(data[2:])
    if len(content) < head_size:
        raise ValueError(f"{len(content)} bytes of data instead of {head_size} or more")
    return content


def data_uint256(data: bytes, position: int) -> int:
    """Return the integer in the word at a position."""
    return int.from_bytes(data[position : position + 32])


def data_string(data: bytes, position: int, head_size: int) -> bytes:
    """Return the bytes of the string whose offset is in the word at a position of the head."""
    offset = data_uint256(data, position)
    if offset < head_size:
        raise ValueError(f"string at offset {offset} is inside the head of {head_size} bytes")
    length = data_uint256(data, offset)
    start, padding = offset + 32, -length % 32
    if start + length + padding > len(data):
        raise ValueError(f"string of {length} bytes at offset {offset} is outside of {len(data)} bytes of data")
    if any(data[start + length : start + length + padding]):
        raise ValueError(f"string of {length} bytes at offset {offset} is not padded with zeros")
    return data[start : start + length]


def generate(shape: EventShape) -> Decoder:
    """Return the decoder of an event, made from its shape."""
    namespace = dict(globals())
    exec(source_of(shape), namespace)
    decoder: Decoder = namespace[f"decode_{shape.name}"]
    return decoder


def source_of(shape: EventShape) -> str:
    """Write the decoder of an event as Python."""
    head_size = 32 * len(shape.in_data)
    topics = {each: IN_TOPICS[each.type].format(at=at) for at, each in enumerate(shape.in_topics, start=1)}
    words = {each: IN_DATA[each.type].format(at=32 * at, head_size=head_size) for at, each in enumerate(shape.in_data)}
    arguments = ", ".join((topics | words)[each] for each in shape.inputs)
    return (
        f"def decode_{shape.name}(topics, data):\n"
        f"    count_topics(topics, {len(topics) + 1})\n"
        f"    words = data_bytes(data, {head_size})\n"
        f"    return ({arguments},)\n"
    )


DECODERS: dict[str, Decoder] = {shape.topic0: generate(shape) for shape in EVENTS}
