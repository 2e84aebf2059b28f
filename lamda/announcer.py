"""
What the operator of `lamda up` sees: a line for each thing done, what to worry about, and a panel of addresses.

At a terminal with colours and a frame; anywhere else as plain lines that a log can keep. When nobody can read any more
(the terminal was closed, the pipe has ended) it falls silent: that is no reason for anything to end, least of all
halfway through an orderly stop.
"""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel


class Announcer:
    """Tells one person what happens."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def done(self, what: str) -> None:
        """Tell of a step that is behind us."""
        self._line("[green]✓[/]", what)

    def doing(self, what: str) -> None:
        """Tell of a step that takes a moment."""
        self._line("[dim]·[/]", what)

    def warn(self, what: str) -> None:
        """Tell of something that must not be overlooked."""
        self._line("[bold yellow]![/]", what, style="yellow")

    def panel(self, title: str, rows: Mapping[str, str]) -> None:
        """Show names and values, one pair a line."""
        width = max(map(len, rows))
        lines = [f"[bold]{name.ljust(width)}[/]  {escape(value)}" for name, value in rows.items()]
        if self._console.is_terminal:
            self._print(Panel("\n".join(lines), title=title, title_align="left", expand=False, padding=(1, 2)))
        else:
            self._print("\n".join([title, *(f"  {line}" for line in lines)]), soft_wrap=True)

    def _line(self, sign: str, what: str, *, style: str = "") -> None:
        self._print(f"{sign} {escape(what)}", style=style, soft_wrap=True, highlight=False)

    def _print(self, *what: Any, **how: Any) -> None:
        try:
            self._console.print(*what, **how)
        # rich asks to exit when a pipe is broken.
        except (OSError, SystemExit):
            self._console.quiet = True
