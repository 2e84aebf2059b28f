"""Run coroutines on an event loop whose time passes at once: whoever sleeps wakes as soon as nobody else is awake."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _Waiting(selectors.DefaultSelector):
    """Does not wait, and counts how long it would have."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everybody waits, and nobody for a time")
        self.now += max(0.0, timeout)
        return super().select(0)


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._waiting = _Waiting()
        super().__init__(self._waiting)

    def time(self) -> float:
        return self._waiting.now


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Return what a coroutine returns, having waited for nothing. No task may be left."""
    loop = _VirtualLoop()
    try:
        result = loop.run_until_complete(main)
        left = asyncio.all_tasks(loop)
    finally:
        loop.close()
    assert not left, left
    return result


def now() -> float:
    """Return the time of the running loop."""
    return asyncio.get_running_loop().time()
