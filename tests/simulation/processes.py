"""
A simulated process: an indexer with its own pool and its own sockets, which can be stopped, killed and frozen.

To kill is to cut every wire first and cancel after: whatever its code still does on its way out reaches nobody. To
freeze is what SIGSTOP does: it stands still in the middle of whatever it waits for, and later goes on as if nothing
had been.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any

from runtime.errors import CannotRun
from tests.simulation.database import Database, Mishap, SimulatedPool
from tests.simulation.endpoint import Network, SimulatedTransport
from tests.simulation.loop import GATE, Gate
from tests.simulation.trace import Trace

Program = Callable[[SimulatedPool, SimulatedTransport, asyncio.Event], Coroutine[Any, Any, None]]


class Process:
    """One life of an indexer."""

    def __init__(self, name: str, program: Program, database: Database, network: Network, trace: Trace) -> None:
        loop = asyncio.get_running_loop()
        self.name = name
        self._trace = trace
        self._gate = Gate(loop)
        self._stop = asyncio.Event()
        self._pool = SimulatedPool(database, on_death=self._die)
        self._is_dead = False
        transport = SimulatedTransport(network, copy_context(), lambda: self._is_dead)
        context = copy_context()
        context.run(GATE.set, self._gate)
        self._task = loop.create_task(program(self._pool, transport, self._stop), context=context)
        self._task.add_done_callback(self._ended, context=Context())

    @property
    def is_alive(self) -> bool:
        """Whether it still runs, or could."""
        return not self._task.done() and not self._is_dead

    @property
    def is_frozen(self) -> bool:
        """Whether it stands still."""
        return self._gate.is_closed

    @property
    def failure(self) -> BaseException | None:
        """What it ended with that no operator could have caused."""
        if not self._task.done() or self._task.cancelled() or self._is_dead:
            return None
        error = self._task.exception()
        return None if _is_expected(error) else error

    def kill(self) -> None:
        """End it at once, as SIGKILL does."""
        self._pool.die()

    def stop(self) -> None:
        """Ask it to end, as SIGTERM does."""
        self._stop.set()

    def freeze(self) -> None:
        """Let it stand still, as SIGSTOP does."""
        self._gate.close()

    def thaw(self) -> None:
        """Let it go on, as SIGCONT does."""
        if self._gate.is_closed:
            self._gate.open()

    def befall(self, mishap: Mishap) -> None:
        """Let something be lost at one of its next database calls."""
        self._pool.befall(mishap)

    async def wait(self) -> None:
        """Return when it has ended."""
        await asyncio.wait([self._task])

    def _die(self) -> None:
        self._is_dead = True
        self.thaw()
        self._task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        self._trace.act(f"{self.name} ended{f': {error!r}' if error else ''}")


def _is_expected(error: BaseException | None) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_is_expected(each) for each in error.exceptions)
    return error is None or isinstance(error, CannotRun)
