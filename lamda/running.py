"""What commands share: where things are kept, how a program is run, and how it prints."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from runtime import lifecycle, logs
from runtime.settings import CommonSettings

DATA = Path(".lamda")
DataOption = Annotated[Path, typer.Option("--data", help="Folder of the embedded servers and local chains.")]

WIDTH_PIPED = 100
"""How wide a page is laid out that no terminal shows."""


def run(
    program: Callable[[asyncio.Event], Awaitable[None]],
    common: CommonSettings,
    *,
    name: str = "",
    level: str = "INFO",
    loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> None:
    """
    Run a program until it ends or is told to, on the event loop of Python's or one of another make.

    In production its lines in the log bear its `name`, so that those of several programs can be kept in one place.
    """
    logs.configure(common.environment, level=level, program=name)
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(lifecycle.run_until_stopped(program))


def page() -> Console:
    """Return what to print pages on: as wide as the terminal, and wide enough where there is none."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH_PIPED)
