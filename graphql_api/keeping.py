"""
Answers that are the same for whoever asks: computed once for all of them, at most once a second, and only when asked.

    asked ──► begun a second ago at most? ── yes ──► given as it is
                 │ no
                 └──► being computed? ── no ──► computed, in a task of its own ──┐
                            └ yes ── awaited ◄──────────────────────────────────┘

How old an answer is counts from when its computation began: its snapshot is that old. One that fails is told to those
who wait for it and kept for nobody; whoever asks next makes another attempt. Who stops waiting disturbs nobody.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from graphql_api.errors import Unavailable

Value = TypeVar("Value")

AGE_SECONDS_MAX = 1.0


@dataclass(frozen=True, slots=True)
class _Begun(Generic[Value]):
    """A computation, and when it began."""

    at: float
    task: asyncio.Task[Value]

    @property
    def failed(self) -> bool:
        return self.task.done() and (self.task.cancelled() or self.task.exception() is not None)


class Kept(Generic[Value]):
    """One answer that is kept for as long as it may be given."""

    def __init__(self, compute: Callable[[], Awaitable[Value]], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._compute = compute
        self._clock = clock
        self._newest: _Begun[Value] | None = None

    async def newest(self) -> Value:
        """Return the answer, one that was true within the last second. Raises what computing it raises."""
        oldest = self._clock() - AGE_SECONDS_MAX
        while True:
            begun = self._newest
            if begun is None or begun.failed or (begun.task.done() and begun.at < oldest):
                begun = self._begin()
            value = await self._wait(begun)
            if begun.at >= oldest:
                return value

    async def close(self) -> None:
        """Give up what is being computed."""
        if self._newest is not None:
            self._newest.task.cancel()
            await asyncio.wait([self._newest.task])

    def _begin(self) -> _Begun[Value]:
        begun = _Begun(self._clock(), asyncio.ensure_future(self._run()))
        # Where everybody has left before it failed, nobody is to be told.
        begun.task.add_done_callback(lambda task: task.cancelled() or task.exception())
        self._newest = begun
        return begun

    async def _run(self) -> Value:
        return await self._compute()

    async def _wait(self, begun: _Begun[Value]) -> Value:
        try:
            return await asyncio.shield(begun.task)
        except asyncio.CancelledError:
            if begun.task.cancelled():
                raise Unavailable("the server is stopping: ask again in a moment") from None
            raise
