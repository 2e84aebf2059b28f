"""Of each kind the first is told at once, and the others together, once in a while."""

from runtime.tally import KINDS_MAX, Tally


class Clock:
    """A clock that goes when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_is_told_at_once_and_the_others_later_together() -> None:
    clock = Clock()
    tally = Tally(pause_seconds=60, clock=clock)

    assert [tally.note("a") for _ in range(3)] == [1, 0, 0]
    clock.now = 60
    assert tally.note("a") == 3
    assert tally.note("b") == 1


def test_new_kinds_without_end_are_not_told_without_end() -> None:
    """Room is made of kinds that were not told of for a while."""
    clock = Clock()
    tally = Tally(pause_seconds=60, clock=clock)

    assert sum(tally.note(number) for number in range(2 * KINDS_MAX)) == KINDS_MAX
    clock.now = 60
    assert tally.note("another") == 1
