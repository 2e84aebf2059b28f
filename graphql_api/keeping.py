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
from typing import Any, Generic, TypeVar

from graphql_api.errors import Unavailable

Value = TypeVar("Value")

AGE_SECONDS_MAX = 1.0


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """What was computed, and when that began, by a clock that never goes back."""

    at: float
    value: Value


@dataclass(frozen=True, slots=True)
class _Begun(Generic[Value]):
    at: float
    task: asyncio.Task[Value]

    @property
    def failed(self) -> bool:
        return self.task.done() and (self.task.cancelled() or self.task.exception() is not None)


class Kept(Generic[Value]):
    """One answer, kept for as long as it may be given."""

    def __init__(self, compute: Callable[[], Awaitable[Value]], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._compute = compute
        self._clock = clock
        self._newest: _Begun[Value] | None = None

    async def newest(self) -> Answer[Value]:
        """Return the answer, begun within the last second. Raises what computing it raises."""
        return await self._begun_since(self._clock() - AGE_SECONDS_MAX)

    async def renewed(self) -> Answer[Value]:
        """Return an answer begun from now on, once the last one is a second old. Raises the same."""
        asked_at = self._clock()
        if self._newest is not None:
            await asyncio.sleep(self._newest.at + AGE_SECONDS_MAX - asked_at)
        return await self._begun_since(asked_at)

    async def close(self) -> None:
        """Give up what is being computed."""
        if self._newest is not None:
            await end(self._newest.task)

    async def _begun_since(self, oldest: float) -> Answer[Value]:
        while True:
            begun = self._newest
            if begun is None or begun.failed or (begun.task.done() and begun.at < oldest):
                begun = self._begin()
            value = await _wait(begun.task)
            if begun.at >= oldest:
                return Answer(begun.at, value)

    def _begin(self) -> _Begun[Value]:
        self._newest = begun = _Begun(self._clock(), asyncio.create_task(self._run()))
        # Where everybody has left before it fails, nobody is to be told.
        begun.task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return begun

    async def _run(self) -> Value:
        return await self._compute()


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has ended, however it does."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()


async def _wait(task: asyncio.Task[Value]) -> Value:
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if task.cancelled():
            raise Unavailable("the server is stopping: ask again in a moment") from None
        raise
