"""The operator reads plain lines where there is no terminal, and a framed panel where there is one."""

import errno
import io

from rich.console import Console

from lamda.announcer import Announcer

ROWS = {"GraphiQL": "http://127.0.0.1:8080/graphql", "Logs": "/a/[b]/logs"}


def heard(*, is_terminal: bool) -> str:
    """Return what is printed of a few steps and a panel."""
    output = io.StringIO()
    announcer = Announcer(Console(file=output, force_terminal=is_terminal, width=100, color_system=None))
    announcer.done("chains")
    announcer.warn("a long line " * 20)
    announcer.panel("Lamda Network", ROWS)
    return output.getvalue()


def test_a_log_keeps_one_line_for_one_thing() -> None:
    lines = heard(is_terminal=False).splitlines()

    assert lines == [
        "✓ chains",
        "! " + "a long line " * 20,
        "Lamda Network",
        "  GraphiQL  http://127.0.0.1:8080/graphql",
        "  Logs      /a/[b]/logs",
    ]


def test_a_terminal_gets_a_frame() -> None:
    assert "╭─ Lamda Network ─" in heard(is_terminal=True)
    assert "│  Logs      /a/[b]/logs" in heard(is_terminal=True)


class ClosedTerminal(io.StringIO):
    """What is left of a terminal whose window was closed."""

    def write(self, text: str) -> int:
        raise OSError(errno.EIO, f"cannot show {text!r}")


def test_it_falls_silent_when_nobody_reads_any_more() -> None:
    announcer = Announcer(Console(file=ClosedTerminal()))

    for _ in range(3):
        announcer.done("chains")
