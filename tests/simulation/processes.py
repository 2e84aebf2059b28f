"""
A simulated process: a program with its own pool and its own sockets, which can be stopped, killed and frozen.

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

Program = Callable[["Process"], Coroutine[Any, Any, None]]


class Process:
    """
    One life of a program, which gets it as its argument.

    `outside` is the context of what goes on while it stands still, `stopping` says that it is to end. Where it is
    `outlived`, others do what it asked of them before it was killed.
    """

    def __init__(
        self,
        name: str,
        program: Program,
        database: Database,
        network: Network,
        trace: Trace,
        *,
        outlived: bool = False,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.name = name
        self.outside = copy_context()
        self.stopping = asyncio.Event()
        self.pool = SimulatedPool(database, on_death=self._die)
        self.is_dead = False
        self.transport = SimulatedTransport(
            network, self.outside, lambda: self.is_dead, outlives=outlived, on_call=self.called
        )
        self._calls_left = 0
        self._trace = trace
        self._gate = Gate(loop)
        context = copy_context()
        context.run(GATE.set, self._gate)
        self._task = loop.create_task(program(self), context=context)
        self._task.add_done_callback(self._ended, context=Context())

    @property
    def is_alive(self) -> bool:
        """Whether it still runs, or could."""
        return not self._task.done() and not self.is_dead

    @property
    def is_frozen(self) -> bool:
        """Whether it stands still."""
        return self._gate.is_closed

    @property
    def failure(self) -> BaseException | None:
        """What it ended with that no operator could have caused."""
        if not self._task.done() or self._task.cancelled() or self.is_dead:
            return None
        error = self._task.exception()
        return None if _is_expected(error) else error

    def kill(self) -> None:
        """End it at once, as SIGKILL does."""
        self.pool.die()

    def stop(self) -> None:
        """Ask it to end, as SIGTERM does."""
        self.stopping.set()

    def freeze(self) -> None:
        """Let it stand still, as SIGSTOP does."""
        self._gate.close()

    def thaw(self) -> None:
        """Let it go on, as SIGCONT does."""
        if self._gate.is_closed:
            self._gate.open()

    def befall(self, mishap: Mishap) -> None:
        """Let something be lost at one of its next database calls."""
        self.pool.befall(mishap)

    def befall_call(self, calls: int) -> None:
        """Let it end at the n-th question from now that it asks of an endpoint or the bus, once that is on its way."""
        self._calls_left = calls

    def called(self) -> None:
        """Learn that it has asked something of somebody."""
        if self._calls_left:
            self._calls_left -= 1
            if not self._calls_left:
                self._trace.act(f"{self.name} ends at a call")
                self.kill()

    def lose_connections(self) -> None:
        """Let the database break every connection it has."""
        self.pool.cut_all()

    async def wait(self) -> None:
        """Return when it has ended."""
        await asyncio.wait([self._task])

    def _die(self) -> None:
        self.is_dead = True
        self.thaw()
        self._task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        self._trace.act(f"{self.name} ended{f': {error!r}' if error else ''}")


def _is_expected(error: BaseException | None) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_is_expected(each) for each in error.exceptions)
    return error is None or isinstance(error, CannotRun)
