"""Decoding gives what eth_abi gives, or refuses what eth_abi refuses: never a wrong value, never another error."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.abi import EVENTS, EVENTS_BY_NAME, EventInput, EventShape
from chain.decode import Undecodable, decode, generate
from chain.wire import RawLog
from tests.unit.chain.logs import (
    TELLING_NUMBERS,
    WORD,
    arguments_of,
    damaged,
    emitted,
    encode,
    encoded,
    log_with,
    oracle,
)

ADDRESS = b"\x12" * 20
HASH = "0x" + "ab" * WORD
ZERO = "0x" + "00" * WORD

# No deadline: a busy machine is not a wrong answer.
thorough = settings(max_examples=300, deadline=None)


def outcome(log: RawLog) -> tuple[Any, ...] | None:
    """Return what our decoder makes of the log, or None where it refuses. Any other error passes through."""
    try:
        return decode(log)
    except Undecodable:
        return None


@thorough
@given(shape=st.sampled_from(EVENTS), choices=st.data())
def test_what_was_emitted_is_read(shape: EventShape, choices: st.DataObject) -> None:
    """Every event comes back with its arguments in the order of the ABI."""
    arguments = choices.draw(arguments_of(shape))

    assert decode(encode(shape, arguments)) == arguments


@thorough
@given(log=emitted() | damaged())
def test_a_log_is_read_or_refused_as_by_eth_abi(log: RawLog) -> None:
    """On any topics and data our decoder and eth_abi agree on the values, or both refuse."""
    assert outcome(log) == oracle(log)


@thorough
@given(tail=st.binary(max_size=300).map(lambda content: content.hex()), words=st.lists(TELLING_NUMBERS, max_size=5))
def test_a_string_is_read_or_refused_as_by_eth_abi(tail: str, words: list[int]) -> None:
    """Offsets and lengths that point into the head, past the end or nowhere at all change nothing."""
    head = "".join(word.to_bytes(WORD).hex() for word in words)
    shape = EVENTS_BY_NAME["NodeRegistered"]
    log = log_with([shape.topic0, "0x" + bytes(12).hex() + ADDRESS.hex()], "0x" + head + tail)

    assert outcome(log) == oracle(log)


@pytest.mark.parametrize(
    "text",
    [b"", b"\0", b"\xff\xfe not UTF-8", b"\0" * 32, b"x" * 20_000, "Ω 显卡 🜂".encode(), b"'; drop table jobs; --"],
    ids=["empty", "NUL", "invalid UTF-8", "a word of NUL", "20 kB", "not ASCII", "SQL"],
)
def test_hostile_strings_come_through_unchanged(text: bytes) -> None:
    """What is legal on chain is read, to the byte."""
    assert decode(encoded("NodeRegistered", ADDRESS, text, 2**256 - 1)) == (ADDRESS, text, 2**256 - 1)


def confirmed(topic: str, data: str) -> RawLog:
    """Make the log of a confirmation from texts."""
    return log_with([EVENTS_BY_NAME["JobConfirmed"].topic0, topic], data)


def registered(*words: bytes) -> RawLog:
    """Make the log of a registration from the parts of its data."""
    topics = [EVENTS_BY_NAME["NodeRegistered"].topic0, "0x" + bytes(12).hex() + ADDRESS.hex()]
    return log_with(topics, "0x" + b"".join(words).hex())


def number(value: int) -> bytes:
    """Return a word that holds a number."""
    return value.to_bytes(WORD)


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(confirmed("0x" + " " * 64, ZERO), id="blank topic"),
        pytest.param(confirmed("0X" + "ab" * WORD, ZERO), id="another prefix of a topic"),
        pytest.param(confirmed(HASH, "0x" + "_" * 64), id="blank data"),
        pytest.param(confirmed(HASH, ZERO + "  "), id="blanks after the data"),
        pytest.param(confirmed(HASH, ZERO + "0"), id="half a byte"),
        pytest.param(confirmed(HASH, "0X" + "00" * WORD), id="another prefix"),
        pytest.param(confirmed(HASH, ""), id="no data"),
        pytest.param(registered(number(64), number(1), number(3), b"GPU"), id="no padding"),
        pytest.param(registered(number(64), number(1), number(3), b"GPU".ljust(WORD, b"!")), id="dirty padding"),
        pytest.param(registered(number(0), number(1), number(0)), id="a string in the head"),
        pytest.param(registered(number(2**256 - 1), number(1), number(0)), id="a string nowhere"),
        pytest.param(registered(number(64), number(1), number(2**256 - 1)), id="a string without end"),
        pytest.param(registered(number(64), number(1)), id="a string without length"),
    ],
)
def test_malformed_logs_are_refused(log: RawLog) -> None:
    """What Python or a lenient decoder would overlook is refused, as eth_abi refuses it."""
    assert outcome(log) is None
    assert oracle(log) is None


def test_surplus_data_is_overlooked() -> None:
    """Like eth_abi and Solidity, which read what they know and no further."""
    log = encoded("JobConfirmed", b"\xab" * 32, 1)

    assert decode(log_with(log.topics, log.data + "ff" * WORD)) == (b"\xab" * 32, 1)


def test_refusal_names_the_log_and_what_was_wrong() -> None:
    """Whoever reads the message can find the log."""
    log = encoded("JobConfirmed", b"\xab" * 32, 1)

    with pytest.raises(
        Undecodable,
        match=rf"JobConfirmed in block 0x3e9, transaction 0x{'cc' * 32}, log 0x7: 3 topics instead of 2",
    ):
        decode(log_with([*log.topics, log.topics[1]], log.data))


@pytest.mark.parametrize("topics", [[], ["0x" + "00" * WORD], [""]], ids=["none", "unknown", "empty"])
def test_an_unknown_event_is_refused(topics: list[str]) -> None:
    """A log without one of our topics is none of our events."""
    with pytest.raises(Undecodable, match="unknown event in block 0x3e9"):
        decode(log_with(topics, "0x"))


def test_a_type_without_a_reader_is_refused_at_once() -> None:
    """A new ABI with a type we cannot read fails when its decoder is made, not at its first log."""
    shape = EventShape(
        name="Novel",
        contract="JobManager",
        topic0="0x" + "00" * WORD,
        inputs=(EventInput(name="flags", type="uint8[]", indexed=False),),
    )

    with pytest.raises(KeyError, match="uint8"):
        generate(shape)
