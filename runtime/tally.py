"""
Count what happens often and say when it is worth a line in the log.

Whoever sends us a thousand bad messages must not make us write a thousand lines: the first of its kind is told at
once, and how many came since, once in a while.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

PAUSE_SECONDS = 60.0
# So many kinds are remembered. Who invents a new kind each time gets a line for each forgetting, not for each message.
KINDS_MAX = 1_000


@dataclass(slots=True)
class _Kind:
    told_at: float
    count: int = 0


class Tally:
    """How often each kind of thing happened since it was last told."""

    def __init__(self, *, pause_seconds: float = PAUSE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause_seconds = pause_seconds
        self._clock = clock
        self._kinds: dict[Hashable, _Kind] = {}

    def note(self, kind: Hashable) -> int:
        """Count one more, and return how many are to be told of now; 0 while it is too early."""
        now = self._clock()
        known = self._kinds.get(kind)
        if known is None:
            return 1 if self._remember(kind, now) else 0
        known.count += 1
        if now - known.told_at < self._pause_seconds:
            return 0
        count, known.count, known.told_at = known.count, 0, now
        return count

    def _remember(self, kind: Hashable, now: float) -> bool:
        """Say whether there was room for a new kind; room is made of those that have not been told of for a while."""
        if len(self._kinds) >= KINDS_MAX:
            self._kinds = {
                each: known for each, known in self._kinds.items() if now - known.told_at < self._pause_seconds
            }
        if len(self._kinds) >= KINDS_MAX:
            return False
        self._kinds[kind] = _Kind(told_at=now)
        return True
