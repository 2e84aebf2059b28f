"""Logs become rows of the right tables, with all they touch, and texts that a person can read."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.abi import EVENTS
from chain.decode import Undecodable
from chain.wire import RawLog
from indexer.bulk_store import COLUMNS
from indexer.decode import TABLES, TEXT_MAX, readable, to_facts
from tests.unit.chain.logs import encoded
from tests.unit.indexer.chains import hash_of, header

JOB, RENTER, PROVIDER, OWNER = b"\xaa" * 32, b"\x11" * 20, b"\x22" * 20, b"\x33" * 20

ONE_OF_EACH: dict[str, tuple[Any, ...]] = {
    "JobCreated": (JOB, RENTER, PROVIDER, 10),
    "JobConfirmed": (JOB, 20),
    "PaymentClaimed": (JOB, PROVIDER, 30),
    "NodeRegistered": (PROVIDER, b"A\0", 40),
    "NodeHeartbeat": (PROVIDER, 50),
    "JobCountIncremented": (PROVIDER, 60),
    "OwnershipTransferred": (RENTER, OWNER),
}


def at(log: RawLog, number: int, index: int) -> RawLog:
    return replace(log, block_number=hex(number), block_hash=hash_of(number), log_index=hex(index))


def facts_of(name: str) -> Any:
    return to_facts([at(encoded(name, *ONE_OF_EACH[name]), 12, 3)], {12: header(12)})


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_an_event_becomes_a_row_of_its_table(name: str) -> None:
    """Where it stands on the chain, its arguments, and what is derived from them: as many as there are columns."""
    facts = facts_of(name)
    place = (12, 3, header(12).hash_bytes, header(12).time, b"\xcc" * 32)
    beside = ("A\N{REPLACEMENT CHARACTER}",) if name == "NodeRegistered" else ()

    assert facts.rows == {TABLES[name]: [place + ONE_OF_EACH[name] + beside]}
    assert len(facts.rows[TABLES[name]][0]) == len(COLUMNS[TABLES[name]])


def test_every_event_has_a_table() -> None:
    """And no table is of two."""
    assert TABLES.keys() == {shape.name for shape in EVENTS} == ONE_OF_EACH.keys()
    assert len(set(TABLES.values())) == len(TABLES)


@pytest.mark.parametrize(
    ("name", "keys", "addresses"),
    [
        ("JobCreated", {JOB}, {RENTER, PROVIDER}),
        ("JobConfirmed", {JOB}, set()),
        ("PaymentClaimed", {JOB}, {PROVIDER}),
        ("NodeRegistered", {PROVIDER}, {PROVIDER}),
        ("NodeHeartbeat", {PROVIDER}, {PROVIDER}),
        ("JobCountIncremented", {PROVIDER}, {PROVIDER}),
        ("OwnershipTransferred", set(), {RENTER, OWNER}),
    ],
)
def test_what_an_event_touches(name: str, keys: set[bytes], addresses: set[bytes]) -> None:
    """The key whose state it changes, if any, and every address it names."""
    facts = facts_of(name)

    assert (facts.keys, facts.addresses) == (keys, addresses)


def test_many_logs_are_counted_and_kept_in_order() -> None:
    """Across tables and blocks."""
    logs = [at(encoded("JobConfirmed", bytes([each]) * 32, each), 10 + each, 0) for each in range(5)]
    facts = to_facts(
        [*logs, at(encoded("JobCreated", JOB, RENTER, PROVIDER, 1), 14, 1)], {n: header(n) for n in range(10, 15)}
    )

    assert len(facts) == 6
    assert [row[0] for row in facts.rows["job_confirmed"]] == [10, 11, 12, 13, 14]


def test_nothing_becomes_nothing() -> None:
    """An empty range touches no key."""
    facts = to_facts([], {})

    assert (len(facts), facts.keys, facts.addresses) == (0, frozenset(), frozenset())


def test_a_log_that_contradicts_its_event_is_not_skipped() -> None:
    """One bad log among good ones stops them all."""
    good, bad = at(encoded("JobConfirmed", JOB, 1), 12, 0), at(encoded("JobConfirmed", JOB, 1), 12, 1)

    with pytest.raises(Undecodable, match="log 0x1"):
        to_facts([good, replace(bad, data="0x")], {12: header(12)})


@given(raw=st.binary(max_size=600) | st.text(max_size=300).map(str.encode))
def test_any_bytes_become_clean_text(raw: bytes) -> None:
    """Short, without anything that moves a cursor, hides, or that Postgres refuses."""
    text = readable(raw)

    assert len(text) <= TEXT_MAX
    assert text.encode("utf-8").decode("utf-8") == text
    assert not {unicodedata.category(letter) for letter in text} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@given(text=st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=TEXT_MAX))
def test_what_a_person_can_read_stays_as_it_is(text: str) -> None:
    """In any script."""
    assert readable(text.encode()) == text


@given(text=st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=TEXT_MAX, max_size=400))
def test_a_long_text_is_cut_between_characters(text: str) -> None:
    """However many bytes each of them takes."""
    assert readable(text.encode()) == text[:TEXT_MAX]
