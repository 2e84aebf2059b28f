"""A chain that makes blocks regularly is asked just after each is due, and any other one every so many seconds."""

from dataclasses import dataclass, field
from random import Random
from statistics import median

import pytest

from indexer import anticipate
from indexer.anticipate import SIGHTINGS_MIN, Rhythm

POLL_SECONDS = 0.1
REGULAR = [0.25 * number for number in range(1, 400)]


@dataclass
class Watch:
    """Looks at a chain that has its blocks at given times, until the last is there; each look is sent a bit late."""

    made: list[float]
    late_seconds: float = 0.0
    looks: int = 0
    delays: list[float] = field(default_factory=list)

    def run(self) -> "Watch":
        rhythm, now, seen, dice = Rhythm(), 0.0, 0, Random(1)
        while seen < len(self.made):
            number = sum(at <= now for at in self.made[seen : seen + 50]) + seen
            self.delays += [now - at for at in self.made[seen:number]]
            self.looks += 1
            rhythm, seen = anticipate.after_look(rhythm, number, asked_at=now), number
            rest = anticipate.rest_seconds(rhythm, now=now, poll_seconds=POLL_SECONDS)
            assert rest > 0
            now += rest + dice.uniform(0, self.late_seconds)
        return self


def test_regular_blocks_are_seen_soon_and_with_few_looks() -> None:
    """While we still poll, half a poll late; then hardly."""
    watch = Watch(REGULAR).run()

    assert median(watch.delays) < 0.012
    assert 1.4 * len(REGULAR) > watch.looks


def test_looks_that_are_sent_late_do_not_spoil_it() -> None:
    """Each tells of the block later than it came; the soonest of them counts."""
    watch = Watch(REGULAR, late_seconds=0.03).run()

    assert median(watch.delays) < 0.04
    assert 1.4 * len(REGULAR) > watch.looks


def test_a_block_that_comes_late_is_waited_for_ever_less_eagerly() -> None:
    """And the rhythm is found again after it."""
    made = REGULAR[:200] + [at + 5.13 for at in REGULAR[200:]]
    watch = Watch(made).run()

    assert watch.delays[200] <= POLL_SECONDS
    assert median(watch.delays[210:]) < 0.012
    assert 1.6 * len(REGULAR) > watch.looks


@pytest.mark.parametrize(
    "made",
    [
        [Random(2).expovariate(4) + 0.25 * number for number in range(1, 40)],
        [10.0 * number for number in range(1, 20)],
        [0.01 * number for number in range(1, 400)],
    ],
    ids=["irregular", "slow", "fast"],
)
def test_other_chains_are_polled(made: list[float]) -> None:
    """Nobody can tell when the next block is due, or need not."""
    watch = Watch(sorted(made)).run()

    assert max(watch.delays) <= POLL_SECONDS + 0.001


def test_a_chain_is_polled_until_its_rhythm_is_known() -> None:
    """Some blocks must have been seen, and a head that goes back begins anew."""
    rhythm, rests = Rhythm(), []
    for number in [*range(1, SIGHTINGS_MIN + 1), 2]:
        rhythm = anticipate.after_look(rhythm, number, asked_at=0.25 * number)
        rests.append(anticipate.rest_seconds(rhythm, now=0.25 * number, poll_seconds=POLL_SECONDS))

    assert rests[: SIGHTINGS_MIN - 1] == [POLL_SECONDS] * (SIGHTINGS_MIN - 1)
    assert 0.2 < rests[-2] < 0.25
    assert rests[-1] == POLL_SECONDS
