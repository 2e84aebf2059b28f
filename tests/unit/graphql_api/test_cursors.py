"""Cursors of lists: what comes out of one, and what is refused."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_api import cursors
from graphql_api.errors import BadInput
from graphql_api.orders import JobOrderField, ProviderOrderField, job_order, provider_order
from models.values import checksum_address

NEWEST = job_order()

moments = st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC))  # hypothesis adds the zone.
bytes32 = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20).map(checksum_address)
uint256 = st.integers(min_value=0, max_value=2**256 - 1)


def _forged(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


@given(block=st.integers(0, 2**63 - 1), log_index=st.integers(0, 2**31 - 1), descending=st.booleans())
def test_a_place_in_the_order_of_creation_comes_back(block: int, log_index: int, descending: bool) -> None:
    """Block and log index."""
    order = job_order(JobOrderField.CREATED, descending=descending)

    assert cursors.read(cursors.show(order, (block, log_index)), order, argument="after") == (block, log_index)


@given(payment=uint256, job_id=bytes32)
def test_a_place_in_the_order_of_payment_comes_back(payment: int, job_id: bytes) -> None:
    """Amounts stay exact."""
    order = job_order(JobOrderField.PAYMENT)

    assert cursors.read(cursors.show(order, (payment, job_id)), order, argument="after") == (payment, job_id)


@given(moment=moments, job_id=bytes32)
def test_a_place_in_the_order_of_update_comes_back(moment: datetime, job_id: bytes) -> None:
    """Times stay exact to the microsecond."""
    order = job_order(JobOrderField.UPDATED)

    assert cursors.read(cursors.show(order, (moment, job_id)), order, argument="after") == (moment, job_id)


@given(online=st.booleans(), moment=st.none() | moments, address=addresses)
def test_a_place_of_a_provider_never_seen_comes_back(online: bool, moment: datetime | None, address: str) -> None:
    """Null is a place too: that before every time."""
    order = provider_order(ProviderOrderField.LAST_SEEN)
    place = (online, moment, address)

    assert cursors.read(cursors.show(order, place), order, argument="after") == place


@pytest.mark.parametrize("other", [job_order(descending=False), job_order(JobOrderField.PAYMENT), provider_order()])
def test_a_cursor_is_refused_under_another_order(other: Any) -> None:
    """Another field or another direction: the message names both."""
    with pytest.raises(BadInput, match=f"before is a cursor of order CREATED DESC, not of {other}"):
        cursors.read(cursors.show(NEWEST, (1, 2)), other, argument="before")


GARBAGE = [
    "",
    "garbage",
    "====",
    "\ud800",
    "😀",
    base64.b64encode(b"not json").decode(),
    base64.b64encode(b"[" * 100_000).decode(),
    _forged(),
    _forged("CREATED DESC"),
    _forged("CREATED DESC", 1),
    _forged("CREATED DESC", 1, 2, 3),
    _forged("CREATED DESC", None, 2),
    _forged("CREATED DESC", "1", 2),
    _forged("CREATED DESC", 1.5, 2),
    _forged("CREATED DESC", True, 2),
    _forged("CREATED DESC", 2**300, 2),
    _forged("CREATED DESC", [], 2),
    _forged("CREATED SIDEWAYS", 1, 2),
    _forged(["CREATED DESC"], 1, 2),
    _forged({"a": 1}, 1, 2),
]


@pytest.mark.parametrize("text", GARBAGE)
def test_what_is_no_cursor_of_ours_is_named(text: str) -> None:
    """Forged or mistyped, the client is told which argument, and never that something internal happened."""
    with pytest.raises(BadInput, match=r"after: .* is not a cursor of ours; expected an edge's cursor"):
        cursors.read(text, NEWEST, argument="after")


FORGED_PLACES = [
    (JobOrderField.PAYMENT, (1, "0x12")),
    (JobOrderField.PAYMENT, (1, 5)),
    (JobOrderField.UPDATED, (2**200, "0x" + "00" * 32)),
    (JobOrderField.UPDATED, ("2026", "0x" + "00" * 32)),
]


@pytest.mark.parametrize(("field", "place"), FORGED_PLACES)
def test_a_place_that_cannot_be_is_refused(field: JobOrderField, place: tuple[Any, ...]) -> None:
    """What would not fit the column never reaches the database."""
    order = job_order(field)

    with pytest.raises(BadInput, match="is not a cursor of ours"):
        cursors.read(_forged(str(order), *place), order, argument="after")


def test_a_long_text_is_not_repeated_in_full() -> None:
    """A message is for reading."""
    with pytest.raises(BadInput) as raised:
        cursors.read("x" * 10_000, NEWEST, argument="after")

    assert len(raised.value.message) < 250
