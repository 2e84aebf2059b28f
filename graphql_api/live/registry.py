"""
Bring subscribers to the topics that tell them, and let them go.

A topic begins with its first subscriber and ends with its last. How many there are at once is bounded, for each of them
costs work with every change.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from graphql_api import following
from graphql_api.broadcast import Broadcast
from graphql_api.errors import Declined, LimitReached
from graphql_api.live.rendering import Renderer
from graphql_api.live.subscriber import Outlet, Subscriber
from graphql_api.live.ticker import Ticker
from graphql_api.live.topics import BATCH, Topic
from graphql_api.selections import Selection
from graphql_api.viewers import Viewer
from graphql_api.watches import ChangeWatch, ValueWatch, Watch
from runtime.feed import Position


def _nothing() -> None:
    """Leave what was never joined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An operation under way: how to leave it, and what is still to be done before it is live or over."""

    leave: Callable[[], None] = _nothing
    work: Callable[[], Coroutine[None, None, None]] | None = None


class Registry:
    """The topics of this process."""

    def __init__(self, broadcast: Broadcast, renderer: Renderer, selections_max: int) -> None:
        self._broadcast = broadcast
        self._renderer = renderer
        self._selections_max = selections_max
        self._topics: dict[Selection, Topic] = {}
        self._tickers: dict[Selection, Ticker] = {}

    def __len__(self) -> int:
        return len(self._topics) + len(self._tickers)

    @property
    def subscribers(self) -> int:
        """How many are told of something."""
        return sum(map(len, self._topics.values())) + sum(map(len, self._tickers.values()))

    def join(self, selection: Selection, watch: Watch, viewer: Viewer | None, outlet: Outlet) -> Begun:
        """Let somebody be told from now on. Raises `Declined`."""
        if isinstance(watch, ValueWatch):
            return self._join_ticker(selection, watch, outlet)
        return self._join_topic(selection, watch, viewer, outlet)

    def _join_ticker(self, selection: Selection, watch: ValueWatch, outlet: Outlet) -> Begun:
        ticker = self._tickers.get(selection)
        if ticker is None or ticker.is_over:
            self._check_room()
            ticker = self._tickers[selection] = Ticker(selection, watch, self._renderer)
        ticker.join(outlet)

        def leave() -> None:
            if not ticker.leave(outlet) and self._tickers.get(selection) is ticker:
                self._tickers.pop(selection).close()

        return Begun(leave=leave)

    def _join_topic(self, selection: Selection, watch: ChangeWatch, viewer: Viewer | None, outlet: Outlet) -> Begun:
        topic = self._topics.get(selection)
        if topic is None or topic.is_over:
            self._check_room()
            topic = Topic(selection, watch, broadcast=self._broadcast, renderer=self._renderer)
            self._topics[selection] = topic
        since = self._broadcast.position.number
        subscriber = Subscriber(watch.interest, viewer=viewer, outlet=outlet, since=since)
        topic.join(subscriber)

        def leave() -> None:
            if not topic.leave(subscriber) and self._topics.get(selection) is topic:
                self._topics.pop(selection).close()

        after = watch.after
        # Who was told everything, as most are who come back after a restart, has missed nothing to be looked up.
        if after is None or after == self._broadcast.position:
            return Begun(leave=leave)
        subscriber.hold()
        return Begun(leave=leave, work=lambda: self._look_back(topic, subscriber, after))

    async def _look_back(self, topic: Topic, subscriber: Subscriber, after: Position) -> None:
        """Tell what was missed, as fast as it is read; then what came meanwhile."""
        try:
            async with self._renderer.together() as reading:
                changes, through = await following.look_back(reading, subscriber.interest, after)
        except Declined as reason:
            subscriber.outlet.fail([reason])
            return
        for first in range(0, len(changes), BATCH):
            batch = [(change, subscriber.interest.matches(change)) for change in changes[first : first + BATCH]]
            for text in await topic.render(batch, subscriber.viewer):
                await subscriber.outlet.room()
                subscriber.outlet.next(text)
        subscriber.release(through)

    def _check_room(self) -> None:
        if len(self) >= self._selections_max:
            raise LimitReached(
                f"{self._selections_max} different selections are watched here, and that is all that may be: "
                "try again later, or select what others do (API_LIVE_SELECTIONS_MAX)"
            )
