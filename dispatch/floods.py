"""
Tell a flood from a busy agent.

Who is refused so often within a minute, or comes in so often, is no agent that works: it is to be barred, and what it
has sent meanwhile is dropped unread, so that nobody waits behind it. Only what nobody else can do in an agent's name is
counted against it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

WINDOW_SECONDS = 60.0
BARRED_FOR = timedelta(minutes=10)
# Long enough to drop what a flood has left, and short, for an operator may admit its sender again.
IGNORED_SECONDS = 60.0


@dataclass(slots=True)
class _Window:
    began_at: float
    count: int = 0


class Floods:
    """Of each sender, how often it did something within a minute; at `limit` it floods, and is ignored for a while."""

    def __init__(self, *, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._windows: dict[bytes, _Window] = {}
        self._ignored: dict[bytes, float] = {}

    def is_ignored(self, sender: bytes) -> bool:
        """Say whether a sender has flooded lately."""
        until = self._ignored.get(sender)
        if until is None:
            return False
        if self._clock() < until:
            return True
        del self._ignored[sender]
        return False

    def note(self, sender: bytes) -> bool:
        """Count one more, and say whether with it the sender floods."""
        now = self._clock()
        window = self._windows.get(sender)
        if window is None or now - window.began_at > WINDOW_SECONDS:
            window = self._windows[sender] = _Window(began_at=now)
        window.count += 1
        if window.count < self._limit:
            return False
        del self._windows[sender]
        self._ignored[sender] = now + IGNORED_SECONDS
        return True
