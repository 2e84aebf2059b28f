"""
One subscriber: what it wants to hear of, who it is, and how it is told.

One that comes back with a cursor is told first what it missed. What concerns it meanwhile is held, and follows without
a gap and without what was told already.
"""

from collections.abc import Sequence
from typing import Protocol

from graphql import GraphQLError

from graphql_api.errors import FellBehind
from graphql_api.listening import Interest
from graphql_api.viewers import Viewer

HELD_MAX = 1000


class Outlet(Protocol):
    """Where the answers to one operation go."""

    def next(self, payload: str) -> None:
        """Bring an answer."""

    def fail(self, errors: Sequence[GraphQLError]) -> None:
        """End the operation with errors."""

    def complete(self) -> None:
        """End the operation."""

    async def room(self) -> None:
        """Return when the client has read enough of what it was brought."""


class Subscriber:
    """Somebody who is told what concerns it, from a position on."""

    __slots__ = ("_held", "interest", "outlet", "since", "viewer")

    def __init__(self, interest: Interest, *, viewer: Viewer | None, outlet: Outlet, since: int) -> None:
        self.interest = interest
        self.viewer = viewer
        self.outlet = outlet
        self.since = since
        self._held: list[tuple[int, str]] | None = None

    def hold(self) -> None:
        """Keep what concerns it until `release`."""
        self._held = []

    def release(self, through: int) -> None:
        """Tell what was kept and is newer than what was told otherwise; from now on tell at once."""
        held, self._held = self._held or [], None
        self.since = max(self.since, through)
        for position, payload in held:
            self.tell(position, payload)

    def tell(self, position: int, payload: str) -> None:
        """Tell of a change, unless it was told of it."""
        if position <= self.since:
            return
        if self._held is None:
            self.outlet.next(payload)
        elif len(self._held) < HELD_MAX:
            self._held.append((position, payload))
        else:
            self._held.clear()
            self.since = position
            self.outlet.fail(
                [
                    FellBehind(
                        f"more than {HELD_MAX} changes came while this subscriber was told what it missed: "
                        "subscribe again with after: the cursor of the last change it saw"
                    )
                ]
            )
