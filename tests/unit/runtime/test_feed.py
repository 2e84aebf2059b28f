"""A cursor is a position in one lineage as opaque text, and nothing else is a cursor."""

import base64
import struct
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.feed import Position

NUMBERS = st.integers(0, 2**63 - 1)
POSITIONS = st.builds(lambda epoch, number: Position(epoch=epoch, number=number), st.uuids(), NUMBERS)


@given(position=POSITIONS)
def test_a_cursor_leads_back_to_its_position(position: Position) -> None:
    """Whatever the epoch and the number."""
    assert Position.parse(str(position)) == position


@given(position=POSITIONS)
def test_a_cursor_can_stand_in_a_url(position: Position) -> None:
    """Letters, digits, - and _ only."""
    assert set(str(position)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(one=POSITIONS, other=POSITIONS)
def test_two_positions_have_two_cursors(one: Position, other: Position) -> None:
    """In one lineage as well as in two."""
    assert (str(one) == str(other)) == (one == other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "12345",
        "not a cursor",
        "ÄÖÜ",
        "\0" * 32,
        "A" * 31,
        "A" * 33,
        "A" * 28,
        "A" * 36,
        "A" * 31 + "=",
        "A" * 31 + "\n",
        " " + "A" * 32,
        "A" * 31 + "+",
        "A" * 31 + "/",
        base64.urlsafe_b64encode(UUID(int=7).bytes + struct.pack(">Q", 2**63)).decode(),
        base64.urlsafe_b64encode(UUID(int=7).bytes + struct.pack(">Q", 2**64 - 1)).decode(),
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """With one error that shows it, whatever is wrong with it."""
    with pytest.raises(ValueError, match="is not a cursor of this feed") as refusal:
        Position.parse(text)

    assert repr(text) in str(refusal.value)


@given(text=st.text())
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    """Never another error, and never a second text for one position."""
    try:
        position = Position.parse(text)
    except ValueError:
        return

    assert str(position) == text
