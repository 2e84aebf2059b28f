"""
An event loop whose time is a number: nothing waits, and the same coroutine takes the same course each time.

Where an ordinary loop sleeps until its next timer, this one moves its clock there. It has no sockets and no threads,
so all that happens is what was scheduled, in the order it was scheduled. What runs in a context with a `Gate` stands
still while that gate is closed, timers and all, as a process does between SIGSTOP and SIGCONT.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from functools import partial
from typing import Any, NoReturn, TypeVar, TypeVarTuple, Unpack

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

ROUNDS_MAX = 200_000
"""So many rounds without a moment passing are a loop that spins."""


FORBIDDEN = (
    *("run_in_executor", "getaddrinfo", "add_reader", "add_writer"),
    *("create_connection", "create_server", "subprocess_exec", "subprocess_shell"),
)
"""The ways of a loop into the real world."""


class Stuck(Exception):
    """The world does not go on: nothing is scheduled any more, it spins, or it took too long."""


class RealWorld(Exception):
    """Somebody reached for a socket, a thread or a process, which would make a run impossible to repeat."""


class Gate:
    """While it is closed, nothing runs in the contexts that have it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._parked: list[tuple[Ticket, Context, Callable[[], object]]] = []
        self.is_closed = False

    def close(self) -> None:
        """Let nothing run any more."""
        self.is_closed = True

    def open(self) -> None:
        """Let everything run that would have run meanwhile, in the same order."""
        self.is_closed = False
        parked, self._parked = self._parked, []
        for ticket, context, callback in parked:
            self._loop.call_soon(self.pass_through, ticket, context, callback, context=Context())

    def pass_through(self, ticket: "Ticket", context: Context, callback: Callable[[], object]) -> None:
        """Run the callback, or keep it until the gate opens, unless it is cancelled meanwhile."""
        if self.is_closed:
            self._parked.append((ticket, context, callback))
        elif ticket.handle is None or not ticket.handle.cancelled():
            context.run(callback)


class Ticket:
    """What whoever scheduled a callback can cancel it by."""

    handle: asyncio.Handle | None = None


GATE: ContextVar[Gate | None] = ContextVar("GATE", default=None)


class Clock:
    """What time it is, in seconds since the run began."""

    def __init__(self, *, limit_seconds: float) -> None:
        self.now = 0.0
        self._limit_seconds = limit_seconds
        self._rounds = 0

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float | None) -> None:
        """Let so much time pass, of which None is for ever."""
        if seconds is None:
            raise Stuck(f"nothing is scheduled any more after {self.now:.3f} s: everybody waits for somebody else")
        self._rounds = 0 if seconds > 0 else self._rounds + 1
        self.now += max(0.0, seconds)
        if self._rounds > ROUNDS_MAX:
            raise Stuck(f"somebody spins at {self.now:.3f} s: {ROUNDS_MAX} rounds passed without time passing")
        if self.now > self._limit_seconds:
            raise Stuck(f"the run is not over after {self._limit_seconds} s of virtual time")


class Sleepless(selectors.SelectSelector):
    """A selector that never waits: it lets the clock pass, and nothing is ever ready."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._clock.move(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in virtual time."""

    def __init__(self, *, limit_seconds: float) -> None:
        self.clock = Clock(limit_seconds=limit_seconds)
        super().__init__(Sleepless(self.clock))
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self.clock.now

    def call_soon(
        self, callback: Callable[[Unpack[Arguments]], object], *args: *Arguments, context: Context | None = None
    ) -> asyncio.Handle:
        context = context or copy_context()
        gate = context.get(GATE)
        if gate is None:
            return super().call_soon(callback, *args, context=context)
        ticket = Ticket()
        handle = super().call_soon(gate.pass_through, ticket, context, partial(callback, *args), context=Context())
        ticket.handle = handle
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        context = context or copy_context()
        gate = context.get(GATE)
        if gate is None:
            return super().call_at(when, callback, *args, context=context)
        ticket = Ticket()
        handle = super().call_at(when, gate.pass_through, ticket, context, partial(callback, *args), context=Context())
        ticket.handle = handle
        return handle


def _refuse(what: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise RealWorld(f"{what} was called")

    return refuse


for _name in FORBIDDEN:
    setattr(VirtualLoop, _name, _refuse(_name))


def run(coroutine: Coroutine[Any, Any, Result], *, limit_seconds: float = 4 * 3600) -> Result:
    """Return what the coroutine returns, without waiting for anything. Raises `Stuck` when it does not end."""
    loop = VirtualLoop(limit_seconds=limit_seconds)
    main = loop.create_task(coroutine)
    try:
        return loop.run_until_complete(main)
    finally:
        _end_all(loop)
        loop.close()


def _end_all(loop: VirtualLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=60))
    for task in tasks:
        if task.done() and not task.cancelled():
            # Whoever looks at the run's own failure does not want theirs too.
            task.exception()
    loop.run_until_complete(loop.shutdown_asyncgens())
