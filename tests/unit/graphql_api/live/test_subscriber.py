"""How one subscriber is told."""

from graphql_api.listening import Interest
from graphql_api.live.subscriber import HELD_MAX, Subscriber
from models.feed import Entity
from tests.unit.graphql_api.live.outlets import Heap


def somebody(since: int = 0) -> tuple[Subscriber, Heap]:
    """Return a subscriber, and what it was told."""
    heap = Heap()
    return Subscriber(Interest(entity=Entity.JOB), viewer=None, outlet=heap, since=since), heap


def test_what_was_told_is_not_told_again() -> None:
    """Only what is newer."""
    subscriber, heap = somebody(since=2)
    for position in (1, 2, 3):
        subscriber.tell(position, str(position))

    assert heap.told == ["3"]


def test_what_comes_during_a_replay_follows_it_without_what_it_told() -> None:
    """Held until the replay is through, then told in order."""
    subscriber, heap = somebody()
    subscriber.hold()
    for position in (1, 2, 3):
        subscriber.tell(position, str(position))
    assert heap.told == []

    subscriber.release(2)
    subscriber.tell(4, "4")

    assert heap.told == ["3", "4"]


def test_more_than_may_be_held_ends_it() -> None:
    """It is told how to go on, and nothing else is kept for it."""
    subscriber, heap = somebody()
    subscriber.hold()
    for position in range(1, HELD_MAX + 3):
        subscriber.tell(position, "x")

    assert [error.extensions["code"] for error in heap.errors if error.extensions] == ["FELL_BEHIND"]
