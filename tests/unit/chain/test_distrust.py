"""An endpoint whose answers contradict each other is believed less and less."""

from chain import judge
from chain.health_values import Health, Resting


def rest_of(health: Health) -> Resting:
    """Return its rest, which it must have."""
    assert health.resting is not None
    return health.resting


def test_distrust_makes_it_rest() -> None:
    """With the reason given: a second, and twice as long each time."""
    health, rests = Health(), []
    for now in (100.0, 110.0, 120.0, 130.0):
        health = judge.after_distrust(health, "two hashes for block 5", now=now)
        rests.append(rest_of(health))

    assert Resting(reason="two hashes for block 5", since=100.0, until=101.0) == rests[0]
    assert [rest.until - rest.since for rest in rests] == [1, 2, 4, 8]


def test_good_answers_do_not_clear_a_name() -> None:
    """Ten minutes without a contradiction do."""
    health = judge.after_distrust(Health(), "two hashes for block 5", now=100.0)
    trusted = judge.after_success(health, asked_at=102.0, proved_logs=True)
    again, much_later = (judge.after_distrust(trusted, "again", now=now) for now in (110.0, 701.0))

    assert [rest_of(each).until - rest_of(each).since for each in (again, much_later)] == [2, 1]
