"""
Logs as contracts emit them, the same logs damaged, and what eth_abi makes of either.

The oracle reads a log the slow way: strict hex, then eth_abi with strings taken as bytes.
"""

import re
from collections.abc import Callable
from typing import Any

from eth_abi import abi as eth_abi
from hypothesis import strategies as st

from chain.abi import EVENTS, EVENTS_BY_NAME, EventInput, EventShape
from chain.wire import RawLog

WORD = 32

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "address": st.binary(min_size=20, max_size=20),
    "bytes32": st.binary(min_size=32, max_size=32),
    "uint256": st.integers(0, 2**256 - 1),
    "string": st.binary(max_size=100),
}

HEX = "0123456789abcdefABCDEF"
NOT_HEX = "gxX _-+\0\n٣é"

TELLING_NUMBERS = st.sampled_from([0, 1, 31, 32, 33, 63, 64, 65, 95, 96, 128, 2**31, 2**63, 2**64, 2**255, 2**256 - 1])


def eth_type(each: EventInput) -> str:
    """Return the type to ask eth_abi for: strings as bytes, so that no text is refused or changed."""
    return {"string": "bytes"}.get(each.type, each.type)


def log_with(topics: list[str], data: str) -> RawLog:
    """Make a log at a place that error messages can name."""
    return RawLog(
        address="0x" + "ee" * 20,
        topics=topics,
        data=data,
        block_number="0x3e9",
        block_hash="0x" + "bb" * 32,
        transaction_hash="0x" + "cc" * 32,
        log_index="0x7",
    )


def encode(shape: EventShape, arguments: tuple[Any, ...]) -> RawLog:
    """Make the log that a contract would emit."""
    pairs = list(zip(shape.inputs, arguments, strict=True))
    topics = ["0x" + eth_abi.encode([each.type], [value]).hex() for each, value in pairs if each.indexed]
    in_data = [(eth_type(each), value) for each, value in pairs if not each.indexed]
    data = eth_abi.encode([kind for kind, _ in in_data], [value for _, value in in_data])
    return log_with([shape.topic0, *topics], "0x" + data.hex())


def encoded(name: str, *arguments: Any) -> RawLog:
    """Make the log of an event by name."""
    return encode(EVENTS_BY_NAME[name], arguments)


def arguments_of(shape: EventShape) -> st.SearchStrategy[tuple[Any, ...]]:
    """Draw arguments for an event."""
    return st.tuples(*(VALUES[each.type] for each in shape.inputs))


def oracle(log: RawLog) -> tuple[Any, ...] | None:
    """Return what eth_abi makes of the log, or None where it refuses."""
    shape = next(shape for shape in EVENTS if shape.topic0 == log.topics[0])
    try:
        topics, data = [strict_hex(topic) for topic in log.topics[1:]], strict_hex(log.data)
        assert [len(topic) for topic in topics] == [WORD] * len(shape.in_topics)
        from_topics = [
            one(eth_abi.decode([each.type], topic)) for each, topic in zip(shape.in_topics, topics, strict=True)
        ]
        from_data = list(eth_abi.decode([eth_type(each) for each in shape.in_data], data)) if shape.in_data else []
    except Exception:
        return None
    return tuple(bare(each, (from_topics if each.indexed else from_data).pop(0)) for each in shape.inputs)


def strict_hex(text: str) -> bytes:
    """Read hex as JSON-RPC writes it, without the blanks that Python would overlook."""
    assert re.fullmatch(r"0x([0-9a-fA-F]{2})*", text)
    return bytes.fromhex(text[2:])


def one(values: tuple[Any, ...]) -> Any:
    """Return the only value."""
    (value,) = values
    return value


def bare(each: EventInput, value: Any) -> Any:
    """Return an address as bytes, which eth_abi gives as text."""
    return bytes.fromhex(value[2:]) if each.type == "address" else value


@st.composite
def emitted(draw: st.DrawFn) -> RawLog:
    """Draw a log as a contract would emit it."""
    shape = draw(st.sampled_from(EVENTS))
    return encode(shape, draw(arguments_of(shape)))


def replaced(text: str, position: int, part: str) -> str:
    """Return the text with one part written over."""
    return text[:position] + part + text[position + len(part) :]


@st.composite
def with_a_letter_changed(draw: st.DrawFn, text: str) -> str:
    """Draw a text that differs in one letter, often one that is not hex."""
    return replaced(text, draw(st.integers(0, max(0, len(text) - 1))), draw(st.sampled_from(HEX + NOT_HEX)))


@st.composite
def with_a_word_changed(draw: st.DrawFn, text: str) -> str:
    """Draw data with another number in one word: an offset, a length, a padding."""
    at = draw(st.integers(0, max(0, (len(text) - 2) // 64 - 1)))
    return replaced(text, 2 + 64 * at, draw(TELLING_NUMBERS).to_bytes(WORD).hex())


@st.composite
def with_another_length(draw: st.DrawFn, text: str) -> str:
    """Draw a text that was cut or continued."""
    return text[: draw(st.integers(0, len(text)))] + draw(st.text(HEX, max_size=4) | st.just("00" * WORD))


DAMAGES: list[Callable[[str], st.SearchStrategy[str]]] = [
    with_a_letter_changed,
    with_a_word_changed,
    with_another_length,
    lambda _: st.text(max_size=80),
    lambda _: st.binary(max_size=200).map(lambda content: "0x" + content.hex()),
]


@st.composite
def damaged(draw: st.DrawFn) -> RawLog:
    """Draw a log with one or two things wrong, or none."""
    log = draw(emitted())
    topics, data = list(log.topics), log.data
    for _ in range(draw(st.integers(1, 2))):
        damage, at = draw(st.sampled_from(DAMAGES)), draw(st.integers(0, len(topics)))
        if at == 0:
            data = draw(damage(data))
        elif at < len(topics):
            topics[at] = draw(damage(topics[at]))
        else:
            topics = topics[:-1] if draw(st.booleans()) else [*topics, "0x" + "00" * WORD]
    return log_with([log.topics[0], *topics[1:]], data)
