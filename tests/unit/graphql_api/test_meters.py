"""How often somebody may ask."""

from graphql_api.meters import Meter, Quota, Standing


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _meter(clock: Clock, *, count: int = 6, known_max: int = 10) -> Meter:
    return Meter(Quota(name="q", count=count, what="requests"), clock, known_max=known_max)


def _take(meter: Meter, times: int = 1, holder: str = "a") -> Standing:
    standing = meter.take(holder, times)
    assert standing is not None, "somebody counts"
    return standing


def test_a_burst_of_the_whole_quota_is_let_through_and_no_more() -> None:
    """Six a minute: six at once, then one every ten seconds."""
    clock = Clock()
    meter = _meter(clock)

    assert [_take(meter).remaining for _ in range(6)] == [5, 4, 3, 2, 1, 0]
    assert _take(meter).wait == 10
    clock.now += 10
    assert (_take(meter).wait_seconds, _take(meter).wait) == (0, 10)


def test_all_of_it_comes_back_within_a_minute() -> None:
    """Somebody who rests may ask as before."""
    clock = Clock()
    meter = _meter(clock)
    _take(meter, 6)
    clock.now += 60

    assert _take(meter, 6).wait_seconds == 0


def test_who_is_refused_loses_nothing() -> None:
    """Asking again and again does not put off the time at which one may."""
    clock = Clock()
    meter = _meter(clock)
    _take(meter, 6)
    refused = [_take(meter).wait for _ in range(100)]
    clock.now += 10

    assert set(refused) == {10}
    assert _take(meter).wait_seconds == 0


def test_more_at_once_than_a_minute_holds_is_never_let_through() -> None:
    """But the wait told is a minute at most."""
    assert _take(_meter(Clock()), 7).wait <= 60


def test_people_do_not_share_a_quota() -> None:
    """Each has a bucket of their own."""
    meter = _meter(Clock())
    _take(meter, 6)

    assert _take(meter, holder="b").remaining == 5


def test_too_many_people_are_forgotten_oldest_first() -> None:
    """Memory stays bounded, whoever invents addresses."""
    meter = _meter(Clock(), known_max=2)
    for holder in "abc":
        _take(meter, 6, holder)

    assert [_take(meter, holder=holder).wait_seconds > 0 for holder in "cba"] == [True, True, False]


def test_nobody_counts_where_the_quota_is_nothing() -> None:
    """0 switches a limit off."""
    assert _meter(Clock(), count=0).take("a") is None


def test_headers_are_those_of_the_draft() -> None:
    """RateLimit-Policy and RateLimit are lists of named items with parameters."""
    standing = _take(_meter(Clock()), 2)

    assert (standing.quota.policy, standing.shown) == ('"q";q=6;w=60', '"q";r=4;t=20')


def test_a_refusal_says_when_to_come_back() -> None:
    """In words and as a number."""
    meter = _meter(Clock())
    assert _take(meter, 6).complaint is None

    complaint = _take(meter).complaint
    assert complaint is not None
    assert complaint.message == "too many requests: 6 a minute allowed, try again in 10 s"
    assert complaint.extensions == {"code": "RATE_LIMITED", "retryAfter": 10}
