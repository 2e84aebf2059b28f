"""
Tell everybody who shares a selection, together.

A topic hears the feed once for all its subscribers, works out what is new once, and hands each the same text. It takes
all that waits as one batch, so a commit of a hundred changes costs one snapshot and not a hundred.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack

from graphql import GraphQLError

from graphql_api.broadcast import Broadcast
from graphql_api.errors import Declined
from graphql_api.listening import Heard, Interest
from graphql_api.live.audience import Audience
from graphql_api.live.rendering import Occasion, Renderer
from graphql_api.live.subscriber import Subscriber
from graphql_api.live.tasks import start
from graphql_api.selections import Selection
from graphql_api.viewers import Viewer
from graphql_api.watches import ChangeWatch
from runtime.feed import Position

BATCH = 100
FAN_OUT = 100
"""Subscribers told in one go; in between, what they were told is sent."""


class Topic:
    """Those who share a selection of changes of one kind of entity."""

    def __init__(self, selection: Selection, watch: ChangeWatch, *, broadcast: Broadcast, renderer: Renderer) -> None:
        self._selection = selection
        self._tell = watch.tell
        self._renderer = renderer
        self._epoch = broadcast.position.epoch
        self._audience = Audience()
        self._is_over = False
        self._stack = ExitStack()
        # Heard from now on, not from when the task first runs: nothing may come in between.
        self._listener = self._stack.enter_context(broadcast.listen(Interest(entity=watch.interest.entity)))
        self._task = start(self._run(), self.end, is_shared=True)

    def __len__(self) -> int:
        return sum(1 for _ in self._audience)

    def join(self, subscriber: Subscriber) -> None:
        """Let somebody hear what concerns it from now on."""
        self._audience.join(subscriber)

    def leave(self, subscriber: Subscriber) -> bool:
        """Let somebody hear no more, and say whether anybody is left."""
        self._audience.leave(subscriber)
        return bool(self._audience)

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes, though some whom it was told may not have left yet."""
        return self._is_over

    def close(self) -> None:
        """Stop, when nobody is left."""
        self._stack.close()
        self._task.cancel()

    def end(self, reason: GraphQLError) -> None:
        """Tell everybody why nothing more comes."""
        self._is_over = True
        for subscriber in self._audience:
            subscriber.outlet.fail([reason])

    async def render(self, changes: Sequence[tuple[Heard, bool]], viewer: Viewer | None) -> list[str]:
        """Return what one viewer is told of changes, each with whether it is inside the filter."""
        told = await self._renderer.render(
            self._selection, [Occasion(event=self._event(*each), viewers=(viewer,)) for each in changes]
        )
        return [texts[viewer] for texts in told]

    async def _run(self) -> None:
        try:
            async for batch in self._listener.batches(BATCH):
                await self._tell_all(batch)
        except Declined as reason:
            self.end(reason)

    async def _tell_all(self, batch: Sequence[Heard]) -> None:
        concerned = [(change, group) for change in batch for group in self._audience.concerned(change)]
        occasions = [
            Occasion(
                event=self._event(change, group.matches),
                viewers={subscriber.viewer for subscriber in group.subscribers},
            )
            for change, group in concerned
        ]
        if not occasions:
            return
        told = await self._renderer.render(self._selection, occasions)
        for (change, group), texts in zip(concerned, told, strict=True):
            for count, subscriber in enumerate(group.subscribers):
                # Before more is told, what was told is sent: else an outbox could be full of what nobody had to read.
                if count % FAN_OUT == 0:
                    await asyncio.sleep(0)
                subscriber.tell(change.position, texts[subscriber.viewer])

    def _event(self, change: Heard, matches: bool) -> object:
        return self._tell(change, str(Position(epoch=self._epoch, number=change.position)), matches)
