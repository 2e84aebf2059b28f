"""How long work is shown where nobody looks at a terminal."""

import io
import re

from rich.console import Console

from lamda.progress import LINE_SECONDS, Lines, end_of, shown_progress


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lines_come_every_few_seconds() -> None:
    """Each with how far it is and when it will be done."""
    told: list[str] = []
    clock = Clock()
    show = Lines("bsc verifies", told.append, clock=clock)
    for second in range(12):
        clock.now = second
        show(second * 100, 10_000, None)

    assert [int(re.findall(r": ([\d,]+) of 10,000 blocks", line)[0].replace(",", "")) for line in told] == [500, 1_000]
    assert re.fullmatch(r"bsc verifies: 500 of 10,000 blocks, 5 %, done at \d\d:\d\d:\d\d", told[0])
    assert LINE_SECONDS == 5


def test_a_new_trouble_is_told_at_once_and_once() -> None:
    """Again only after it was over."""
    told: list[str] = []
    show = Lines("bsc verifies", told.append, clock=Clock())
    for trouble in ("no answer", "no answer", None, "no answer"):
        show(0, 0, trouble)

    assert told == ["bsc verifies waits: no answer"] * 2


def test_a_terminal_shows_a_bar_with_its_end() -> None:
    """From the first moment, when nobody knows yet how many blocks there are; an endpoint's words are not markup."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=160)
    with shown_progress(console, "bsc verifies") as show:
        show(0, 0, None)
        show(5_000, 20_000, "limit [0x1, 0x2] [/red]")
        show(10_000, 20_000, "limit [0x1, 0x2] [/red]")

    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert "10,000 of 20,000 blocks done at" in shown
    assert "bsc verifies waits: limit [0x1, 0x2] [/red]" in shown


def test_an_end_that_is_far_away_has_a_date() -> None:
    assert re.fullmatch(r"done at \d\d:\d\d:\d\d", end_of(60))
    assert re.fullmatch(r"done on \d\d \w+ at \d\d:\d\d", end_of(3 * 86_400))
