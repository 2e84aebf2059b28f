"""
Find the subscribers that a change concerns, without asking each of them.

Subscribers with one interest are asked once; those who watch one key are found by it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from graphql_api.listening import Heard, Interest
from graphql_api.live.subscriber import Subscriber
from models.feed import ChangeKind


@dataclass(slots=True)
class Concerned:
    """Those who are told one and the same of a change: that it is inside their filter now, or that it is not."""

    matches: bool
    subscribers: list[Subscriber] = field(default_factory=list)


class Audience:
    """Subscribers, by what they want to hear of."""

    def __init__(self) -> None:
        self._by_key: dict[str | None, dict[Interest, set[Subscriber]]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def __iter__(self) -> Iterator[Subscriber]:
        """Yield everybody."""
        for interests in list(self._by_key.values()):
            for subscribers in list(interests.values()):
                yield from list(subscribers)

    def join(self, subscriber: Subscriber) -> None:
        """Let somebody hear what concerns it from now on."""
        interests = self._by_key.setdefault(subscriber.interest.key, {})
        interests.setdefault(subscriber.interest, set()).add(subscriber)

    def leave(self, subscriber: Subscriber) -> None:
        """Let somebody hear no more; it may have left already."""
        interest = subscriber.interest
        interests = self._by_key.get(interest.key, {})
        interests.get(interest, set()).discard(subscriber)
        if not interests.get(interest, True):
            del interests[interest]
        if not self._by_key.get(interest.key, True):
            del self._by_key[interest.key]

    def concerned(self, change: Heard) -> list[Concerned]:
        """Return whom a change concerns, by what they are told of it."""
        inside, outside = Concerned(matches=True), Concerned(matches=False)
        for interests in self._addressed(change):
            for interest, subscribers in interests.items():
                if interest.concerns(change):
                    told = inside if interest.matches(change) else outside
                    told.subscribers += [each for each in subscribers if each.since < change.position]
        return [told for told in (inside, outside) if told.subscribers]

    def _addressed(self, change: Heard) -> Collection[dict[Interest, set[Subscriber]]]:
        if change.kind is ChangeKind.RESYNC:
            return self._by_key.values()
        return [self._by_key[key] for key in (None, change.key) if key in self._by_key]
