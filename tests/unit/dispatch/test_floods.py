"""A flood is so many of one sender within a minute."""

from dispatch.floods import IGNORED_SECONDS, Floods


class Clock:
    """A clock that goes when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_limit_within_a_minute_is_a_flood_and_is_told_once() -> None:
    floods = Floods(limit=3, clock=Clock())

    assert [floods.note(b"a") for _ in range(4)] == [False, False, True, False]
    assert floods.is_ignored(b"a")
    assert not floods.is_ignored(b"b")


def test_what_is_spread_over_minutes_is_none() -> None:
    clock = Clock()
    floods = Floods(limit=3, clock=clock)
    noted = []
    for clock.now in (0, 50, 100, 150, 200):
        noted.append(floods.note(b"a"))

    assert True not in noted


def test_a_flood_is_forgiven_after_a_while() -> None:
    clock = Clock()
    floods = Floods(limit=1, clock=clock)
    floods.note(b"a")
    clock.now = IGNORED_SECONDS

    assert not floods.is_ignored(b"a")
