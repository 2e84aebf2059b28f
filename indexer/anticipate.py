"""
Decide when to look for the next block: just after it is due.

    blocks made     ┊         ┊         ┊         ┊
    looks           ┊····x    ┊···x     ┊··x     o┊·x      x: a new block, o: none yet

A block that was there at the first look may have been there for a while: from look to look we come sooner, until one
comes too soon. Then the block is asked for again, and we know well when it came. Looks are sent late at times, so of
all since then the one that was soonest says when the next block is due. Where blocks come at no regular times, or
faster than we would ask, we ask every so many seconds. Time arrives as an argument: when a look was sent, so that the
way to the endpoint is in it.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

SIGHTINGS_MIN = 8
SIGHTINGS_MAX = 64
"""From how many blocks, and at most how many, it is told how often they come."""

REGULAR_SHARE = 3 / 4
"""How many of them must come as they usually do: now and then a block comes late, or a chain stands still."""

INTERVAL_SECONDS_MAX = 3.0
"""A chain that is slower, or makes blocks when it is asked to, is not waited for."""

TOO_EARLY_SHARE = 1 / 16
"""After what share of the interval we look again for a block that is not there: as late a block may be seen."""

SOONER_SHARE = 1 / 64
"""By what share of the interval we come sooner for each block that was there at once: one look in five is in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A new head, and when the look was sent that brought it; `at_once` says that no look before it was in vain."""

    number: int
    asked_at: float
    at_once: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """The newest heads, oldest first, and whether a look after the last of them brought nothing."""

    sightings: tuple[Sighting, ...] = ()
    in_vain: bool = False


def after_look(rhythm: Rhythm, number: int, *, asked_at: float) -> Rhythm:
    """Return what is known after a look, sent at `asked_at`, found the head at `number`."""
    newest = rhythm.sightings[-1].number if rhythm.sightings else -1
    if number == newest:
        return replace(rhythm, in_vain=True)
    sighting = Sighting(number=number, asked_at=asked_at, at_once=not rhythm.in_vain)
    # A head that goes back is another endpoint's.
    kept = rhythm.sightings if number > newest else ()
    return Rhythm(sightings=(*kept, sighting)[-SIGHTINGS_MAX:])


def rest_seconds(rhythm: Rhythm, *, now: float, poll_seconds: float) -> float:
    """Return how long to rest before the next look: `poll_seconds`, where it cannot be told when a block is due."""
    interval = interval_seconds(rhythm, poll_seconds=poll_seconds)
    if interval is None:
        return poll_seconds
    due = _due(rhythm, interval)
    again = interval * TOO_EARLY_SHARE
    # The longer it is overdue, the less it matters to see it at once.
    return due - now if now + again < due else min(poll_seconds, max(again, now - due))


def interval_seconds(rhythm: Rhythm, *, poll_seconds: float) -> float | None:
    """Return how often a block comes, or None where they come irregularly, or faster than every `poll_seconds`."""
    if len(rhythm.sightings) < SIGHTINGS_MIN:
        return None
    gaps = [
        (later.asked_at - earlier.asked_at, later.number - earlier.number)
        for earlier, later in pairwise(rhythm.sightings)
    ]
    usual = sorted(seconds / blocks for seconds, blocks in gaps)[len(gaps) // 2]
    # While we poll, each is seen up to a poll late.
    slack = poll_seconds + usual / 8
    regular = [(seconds, blocks) for seconds, blocks in gaps if abs(seconds - usual * blocks) <= slack]
    if len(regular) < len(gaps) * REGULAR_SHARE:
        return None
    interval = sum(seconds for seconds, _ in regular) / sum(blocks for _, blocks in regular)
    return interval if poll_seconds <= interval <= INTERVAL_SECONDS_MAX else None


def _due(rhythm: Rhythm, interval: float) -> float:
    coming = rhythm.sightings[-1].number + 1
    soonest, looks = float("inf"), 0
    for sighting in reversed(rhythm.sightings):
        soonest = min(soonest, sighting.asked_at + interval * (coming - sighting.number))
        if not sighting.at_once:
            break
        looks += 1
    return soonest - interval * SOONER_SHARE * looks
