"""What of the feed is heard."""

from typing import Any

import pytest

from graphql_api.criteria import Condition, Relation
from graphql_api.errors import CursorExpired
from graphql_api.listening import QUEUE_MAX, Heard, Interest, Listener
from models.feed import ChangeKind, Entity
from runtime.feed import Change

ONLINE = (Condition(column="is_online", relation=Relation.IS, value=True),)


def change(
    position: int = 1,
    *,
    entity: Entity = Entity.PROVIDER,
    kind: ChangeKind = ChangeKind.UPDATED,
    key: str | None = "0xA",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Heard:
    """Return a change as it is heard."""
    return Heard.of(position, Change(entity=entity, kind=kind, key=key, before=before, after=after))


@pytest.mark.parametrize(
    ("before", "after", "concerned", "matches"),
    [
        (None, {"is_online": True}, True, True),
        (None, {"is_online": False}, False, False),
        ({"is_online": False}, {"is_online": True}, True, True),
        ({"is_online": True}, {"is_online": False}, True, False),
        ({"is_online": False}, {"is_online": False}, False, False),
        ({"is_online": True}, None, True, False),
        ({"is_online": False}, None, False, False),
    ],
)
def test_who_was_or_is_inside_the_filter_is_of_interest(
    before: Any, after: Any, concerned: bool, matches: bool
) -> None:
    """So a subscriber also hears of what leaves, and can tell."""
    interest, heard = Interest(entity=Entity.PROVIDER, criteria=ONLINE), change(before=before, after=after)

    assert (concerned, matches) == (interest.concerns(heard), interest.matches(heard))


def test_others_are_of_no_interest() -> None:
    """Another kind of thing, or another one of the kind."""
    one = Interest(entity=Entity.PROVIDER, key="0xB")

    assert not one.concerns(change(after={"is_online": True}))
    assert not Interest(entity=Entity.JOB).concerns(change(after={"is_online": True}))
    assert one.concerns(change(key="0xB", after={"is_online": True}))


def test_resync_is_everybodys_business() -> None:
    """Whatever the filter, what is shown may be wrong now."""
    narrow = Interest(entity=Entity.PROVIDER, key="0xB", criteria=ONLINE)
    resync = change(kind=ChangeKind.RESYNC, key=None)

    assert narrow.concerns(resync)
    assert narrow.matches(resync)


async def test_changes_come_in_order() -> None:
    """First in, first out."""
    listener = Listener(Interest(entity=Entity.PROVIDER))
    for position in (1, 2, 3):
        listener.offer(change(position, after={}))
    changes = listener.changes()

    assert [(await anext(changes)).position for _ in range(3)] == [1, 2, 3]


async def test_what_waits_comes_at_once() -> None:
    """As many as are wanted at most; what is told together costs less."""
    listener = Listener(Interest(entity=Entity.PROVIDER))
    for position in (1, 2, 3):
        listener.offer(change(position, after={}))
    batches = listener.batches(2)

    assert [[each.position for each in await anext(batches)] for _ in range(2)] == [[1, 2], [3]]


async def test_a_full_queue_is_still_told() -> None:
    """The limit counts itself."""
    listener = Listener(Interest(entity=Entity.PROVIDER))
    for position in range(QUEUE_MAX):
        listener.offer(change(position, after={}))
    changes = listener.changes()

    assert list(range(QUEUE_MAX)) == [(await anext(changes)).position for _ in range(QUEUE_MAX)]


async def test_a_queue_that_overflows_becomes_one_resync() -> None:
    """Where the newest of them was, so that what comes after follows it."""
    listener = Listener(Interest(entity=Entity.PROVIDER))
    for position in range(QUEUE_MAX + 2):
        listener.offer(change(position, after={}))
    [first, second] = await anext(listener.batches(10))

    assert (first.position, first.kind, first.key) == (QUEUE_MAX, ChangeKind.RESYNC, None)
    assert (second.position, second.kind) == (QUEUE_MAX + 1, ChangeKind.UPDATED)


async def test_an_ended_listener_hears_no_more() -> None:
    """It is told why, and what comes after is not queued."""
    listener = Listener(Interest(entity=Entity.PROVIDER))
    listener.end(CursorExpired("read anew"))
    listener.offer(change(after={}))

    with pytest.raises(CursorExpired, match="read anew"):
        await anext(listener.changes())
