"""
Run a program until it is told to stop, and wait in ways that a stop interrupts.

This is the one place that turns signals into an orderly end: SIGINT, SIGTERM and, when the terminal goes away, SIGHUP
set an event, and every loop of ours looks at it between steps.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Program = Callable[[asyncio.Event], Awaitable[None]]


async def run_until_stopped(program: Program) -> None:
    """Run a program, handing it an event that a signal to end sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Where `nohup` had SIGHUP ignored it stays ignored.
    numbers = [number for number in ENDINGS if signal.getsignal(number) is not signal.SIG_IGN]
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        await program(stop)
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def heed_cancellation() -> None:
    """
    Raise `CancelledError` where this task was cancelled and has not noticed; call it in loops that wait for NATS.

    nats-py waits by `asyncio.wait_for`, which up to Python 3.11 loses a cancellation that comes together with a result.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so many seconds, or until told to stop."""
    # Not by `wait_for`: up to Python 3.11, it loses a cancellation that comes together with the stop.
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
