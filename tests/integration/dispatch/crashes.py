"""End a step at its nth wait, so that a test can visit every point where a program may die."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any


class _Counting:
    """Awaits a coroutine and cancels its task when it waits for the nth time."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], waits: int) -> None:
        self._coroutine = coroutine
        self._waits = waits
        self.was_reached = False

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._coroutine.__await__()
        waits = 0
        send: Any = None
        try:
            while True:
                waiting = inner.send(send)
                waits += 1
                if waits == self._waits:
                    self.was_reached = True
                    task = asyncio.current_task()
                    assert task is not None
                    # Arrives at the wait that comes next: this one.
                    asyncio.get_running_loop().call_soon(task.cancel)
                try:
                    send = yield waiting
                except BaseException as error:
                    yield from self._thrown(inner, error)
                    return None
        except StopIteration as end:
            return end.value

    def _thrown(self, inner: Generator[Any, Any, Any], error: BaseException) -> Generator[Any, Any, None]:
        """Let the coroutine clean up after the cancellation, however long that takes."""
        waiting = inner.throw(error)
        while True:
            waiting = inner.send((yield waiting))


async def end_at(coroutine: Coroutine[Any, Any, Any], waits: int) -> bool:
    """Run a coroutine, cancel it at its nth wait, and return whether it waited that often."""
    counting = _Counting(coroutine, waits)

    async def run() -> None:
        await counting

    task = asyncio.create_task(run())
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()):
        raise error
    return counting.was_reached
