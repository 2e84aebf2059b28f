"""What a subscriber that comes back is told."""

import uuid

import pytest

from graphql_api import replay
from graphql_api.criteria import Condition, Relation
from graphql_api.errors import BadInput, CursorExpired
from graphql_api.listening import Interest
from graphql_api.rows import FeedRow, SinceRow
from models.feed import ChangeKind, Entity
from runtime.feed import Position

EPOCH = uuid.UUID(int=1)
ONLINE = Interest(entity=Entity.PROVIDER, criteria=(Condition(column="is_online", relation=Relation.IS, value=True),))
ANYBODY = Interest(entity=Entity.PROVIDER)

ON, OFF = {"is_online": True}, {"is_online": False}


def _row(key: str | None, first: int, before: dict[str, bool] | None, after: dict[str, bool] | None) -> SinceRow:
    return SinceRow(key=key, first=first, by_reorg=False, before=before, after=after)


def test_a_key_is_told_by_what_it_was_and_what_it_is() -> None:
    """Created, changed and removed, however often in between."""
    rows = [_row("a", 5, None, ON), _row("b", 6, ON, OFF), _row("c", 7, OFF, None)]

    told = [(change.key, change.kind) for change in replay.fold(rows, ANYBODY, through=9)]

    assert told == [("a", ChangeKind.CREATED), ("b", ChangeKind.UPDATED), ("c", ChangeKind.REMOVED)]


def test_what_came_and_went_is_not_told() -> None:
    """Nobody ever saw it."""
    assert list(replay.fold([_row("a", 5, None, None)], ANYBODY, through=9)) == []


def test_only_who_was_or_is_inside_the_filter_is_told() -> None:
    """As when it happens live."""
    rows = [_row("a", 5, OFF, OFF), _row("b", 6, ON, OFF), _row("c", 7, OFF, ON)]

    told = [(change.key, ONLINE.matches(change)) for change in replay.fold(rows, ONLINE, through=9)]

    assert told == [("b", False), ("c", True)]


def test_each_key_resumes_just_before_the_next_keys_first_change() -> None:
    """Whoever stops here hears all of the next key's story again, and the last one resumes from the end."""
    rows = [_row("a", 5, None, ON), _row("b", 6, None, ON), _row("c", 20, None, ON)]

    assert [change.position for change in replay.fold(rows, ANYBODY, through=30)] == [5, 19, 30]


def test_a_resync_in_between_is_told_as_such() -> None:
    """Much changed: read again."""
    [told] = replay.fold([_row(None, 5, None, None)], ONLINE, through=9)

    assert (told.kind, told.key, told.position) == (ChangeKind.RESYNC, None, 9)


def test_nothing_changed_is_nothing_told() -> None:
    """A subscriber that missed nothing goes live at once."""
    assert list(replay.fold([], ANYBODY, through=9)) == []


@pytest.mark.parametrize("text", ["", "x", "=" * 32, "\ud800"])
def test_what_is_no_cursor_of_the_feed_is_named(text: str) -> None:
    """Forged or mistyped."""
    with pytest.raises(BadInput, match=r"after: .* is not a cursor of this feed; expected the cursor of a change"):
        replay.read_cursor(text)


def test_a_cursor_comes_back() -> None:
    """What a change carried is what `after` takes."""
    position = Position(epoch=EPOCH, number=7)

    assert position == replay.read_cursor(str(position))


@pytest.mark.parametrize(
    ("number", "oldest"),
    [(9, None), (9, 3), (9, 10), (4, 5), (0, 1)],
    ids=["empty and nothing new", "nothing new", "all before it dropped", "just kept", "from the beginning"],
)
def test_a_cursor_that_the_feed_reaches_back_to(number: int, oldest: int | None) -> None:
    """Everything after it is still there."""
    replay.check(Position(epoch=EPOCH, number=number), FeedRow(epoch=EPOCH, position=9, oldest=oldest))


@pytest.mark.parametrize(("number", "oldest"), [(3, 5), (8, None)], ids=["a hole", "everything dropped"])
def test_a_cursor_older_than_the_feed_is_refused(number: int, oldest: int | None) -> None:
    """Something after it is gone, and nobody knows what."""
    with pytest.raises(CursorExpired, match="what changed since this cursor is no longer kept"):
        replay.check(Position(epoch=EPOCH, number=number), FeedRow(epoch=EPOCH, position=9, oldest=oldest))


@pytest.mark.parametrize(("epoch", "number"), [(2, 5), (1, 10)], ids=["another epoch", "not yet given out"])
def test_a_cursor_of_another_database_is_refused(epoch: int, number: int) -> None:
    """A restored database does not continue the positions it once gave out."""
    with pytest.raises(CursorExpired, match="a cursor of another database"):
        replay.check(Position(epoch=uuid.UUID(int=epoch), number=number), FeedRow(epoch=EPOCH, position=9, oldest=1))
