"""
Tell a value that is the same for everybody, to all who share a selection of it.

Everybody is told when it is another than before; who joins is told the newest at once.
"""

import asyncio
from contextlib import aclosing

from graphql import GraphQLError

from graphql_api.errors import Declined
from graphql_api.live.rendering import Occasion, Renderer
from graphql_api.live.subscriber import Outlet
from graphql_api.live.tasks import start
from graphql_api.live.topics import FAN_OUT
from graphql_api.selections import Selection
from graphql_api.watches import ValueWatch


class Ticker:
    """Those who share a selection of one value."""

    def __init__(self, selection: Selection, watch: ValueWatch, renderer: Renderer) -> None:
        self._selection = selection
        self._renderer = renderer
        self._outlets: set[Outlet] = set()
        self._newest: str | None = None
        self._is_over = False
        self._task = start(self._run(watch), self.end, is_shared=True)

    def __len__(self) -> int:
        return len(self._outlets)

    def join(self, outlet: Outlet) -> None:
        """Let somebody hear the value, and each one after it."""
        self._outlets.add(outlet)
        if self._newest is not None:
            outlet.next(self._newest)

    def leave(self, outlet: Outlet) -> bool:
        """Let somebody hear no more, and say whether anybody is left."""
        self._outlets.discard(outlet)
        return bool(self._outlets)

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes, though some whom it was told may not have left yet."""
        return self._is_over

    def close(self) -> None:
        """Stop, when nobody is left."""
        self._task.cancel()

    def end(self, reason: GraphQLError) -> None:
        """Tell everybody why nothing more comes."""
        self._is_over = True
        for outlet in list(self._outlets):
            outlet.fail([reason])

    async def _run(self, watch: ValueWatch) -> None:
        try:
            async with aclosing(watch.values()) as values:
                async for value in values:
                    await self._tell_value(watch.tell(value))
        except Declined as reason:
            self.end(reason)

    async def _tell_value(self, value: object) -> None:
        [told] = await self._renderer.render(self._selection, [Occasion(event=value, viewers=(None,))])
        if told[None] != self._newest:
            await self._tell_all(told[None])

    async def _tell_all(self, newest: str) -> None:
        self._newest = newest
        for count, outlet in enumerate(list(self._outlets), start=1):
            outlet.next(newest)
            if count % FAN_OUT == 0:
                await asyncio.sleep(0)
