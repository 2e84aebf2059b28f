"""
Show how far a long piece of work is, and when it will be done.

    at a terminal    a bar that moves, with the time of its end
    elsewhere        a plain line every few seconds, and one for each new trouble
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

LINE_SECONDS = 5.0


class Shows(Protocol):
    """Takes what is known of the work now."""

    def __call__(self, done: int, total: int, trouble: str | None) -> None:
        """Show it."""


@contextmanager
def shown_progress(console: Console, name: str) -> Iterator[Shows]:
    """Yield what shows the progress of something on a console, for as long as the block lasts."""
    if not console.is_terminal:
        yield Lines(name, console.print)
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        BlocksColumn(),
        EndColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task(name, total=None)

        def show(done: int, total: int, trouble: str | None) -> None:
            described = name if trouble is None else f"{name} [yellow]waits: {escape(trouble)}[/]"
            progress.update(task, completed=done, total=total or None, description=described)

        yield show


class BlocksColumn(ProgressColumn):
    """How many blocks are read, of how many."""

    def render(self, task: Task) -> Text:
        """Return it, or nothing while it is not known how many there are."""
        return Text("" if task.total is None else f"{task.completed:,.0f} of {task.total:,.0f} blocks")


class EndColumn(ProgressColumn):
    """The time of day at which the work will be done."""

    def render(self, task: Task) -> Text:
        """Return it, or nothing while it cannot be told."""
        return Text("" if task.time_remaining is None else end_of(task.time_remaining), style="cyan")


class Lines:
    """Plain lines, of which a log can hold many."""

    def __init__(self, name: str, tell: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._tell = tell
        self._clock = clock
        self._began = self._told = clock()
        self._trouble: str | None = None

    def __call__(self, done: int, total: int, trouble: str | None) -> None:
        """Tell a new trouble at once, and progress every few seconds."""
        if trouble is not None and trouble != self._trouble:
            self._tell(f"{self._name} waits: {trouble}")
        self._trouble = trouble
        now = self._clock()
        if total and now - self._told >= LINE_SECONDS:
            self._told = now
            spent = now - self._began
            left = "" if not done else f", {end_of(spent * (total - done) / done)}"
            self._tell(f"{self._name}: {done:,} of {total:,} blocks, {done * 100 // total} %{left}")


def end_of(seconds_left: float) -> str:
    """Return when something will be done, as people say it."""
    end = datetime.now().astimezone() + timedelta(seconds=seconds_left)
    return f"done at {end:%H:%M:%S}" if seconds_left < 12 * 3600 else f"done on {end:%d %b at %H:%M}"
