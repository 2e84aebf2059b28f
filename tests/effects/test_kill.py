"""
The reactor may be killed at any touch of Postgres, NATS or a chain.

A rehearsal finds out what it touches. Then each of these points is visited: one reactor is started that dies there,
another takes over, and jobs keep coming all the while.
"""

import asyncio
import zlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

import pytest

from runtime.lifecycle import pause
from tests.effects import proof
from tests.effects.marketplace import Marketplace
from tests.effects.touches import Point

JOBS_A_SECOND = 4.0
TIMES_MAX = 3
DEATH_SECONDS_MAX = 45.0
KNOCK_SECONDS = 2.0
SEED = 5
PARTS = 6
MISSED_SHARE_MAX = 0.05
LASTING = 10
OTHERS = 3
OTHERS_ON_NEW_BUS = 1
LEAVES_SOMETHING = ("insert", "update", "commit", "publish jobs", "request jobs", "$JS.ACK", "eth_sendRawTransaction")
"""What is in the names of touches after which the world is another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Where a reactor can die: on a bus as another reactor left it, and on a new one besides."""

    found: list[Point]
    new: list[Point]

    def part(self, part: int) -> "Points":
        """Return one of `PARTS` parts, whose points do not depend on what else a rehearsal has found."""
        found, new = ([each for each in points if _part(each) == part] for points in (self.found, self.new))
        return Points(found=found, new=new)

    def sample(self, random: Random) -> "Points":
        """Return one after each touch that leaves something behind, and a few others, each of another touch."""
        lasting = [point for point in self.found if point.after and _leaves_something(point)]
        others = [point for point in self.found if not _leaves_something(point)]
        found = [*_one_each(lasting, random)[:LASTING], *_one_each(others, random)[:OTHERS]]
        first = [point for point in self.new if point.time == 1]
        return Points(found=found, new=_one_each(first, random)[:OTHERS_ON_NEW_BUS])


@pytest.mark.timeout(300)
async def test_kill_9_at_a_sample_of_points_loses_and_doubles_nothing(marketplace: Marketplace) -> None:
    """A few dozen points, each of another touch."""
    points = await rehearse(marketplace)
    await visit(marketplace, points.sample(Random(SEED)))


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(PARTS))
async def test_kill_9_at_every_point_loses_and_doubles_nothing(marketplace: Marketplace, part: int) -> None:
    """Before and after each touch, the first three times it happens: all parts together."""
    points = await rehearse(marketplace)
    await visit(marketplace, points.part(part))


async def rehearse(marketplace: Marketplace) -> Points:
    """Return every point that a reactor passes."""
    marketplace.jobs_a_second = JOBS_A_SECOND
    new = await touches_of_a_reactor(marketplace)
    found = await touches_of_a_reactor(marketplace)
    points = Points(found=_points(found), new=sorted({*_points(new)} - {*_points(found)}))
    counts = f"{len(new | found)} touches, {len(points.found)} points and {len(points.new)} on a new bus:"
    print(counts, *sorted(new | found), sep="\n  ")  # noqa: T201  # For docs/guarantees.md; pytest -s shows it.
    return points


async def touches_of_a_reactor(marketplace: Marketplace) -> Counter[str]:
    """Let a reactor credit a few jobs, and return how often it touched what."""
    reactor = await marketplace.reactor(is_watched=True)
    async with knocking(marketplace):
        await marketplace.goes_on(6)
    await reactor.kill()
    return reactor.touches


async def visit(marketplace: Marketplace, points: Points) -> None:
    """Have a reactor die at each point and another take over; then let everything come to rest and check it."""
    missed = [point for point in points.found if not await visit_one(marketplace, point)]
    for point in points.new:
        await renew_bus(marketplace)
        missed += [] if await visit_one(marketplace, point) else [point]
    await marketplace.reactor()

    await proof.comes_to_rest(marketplace)
    visited = len(points.found) + len(points.new) - len(missed)
    print(f"{visited} points visited, not passed again:", *missed, sep="\n  ")  # noqa: T201  # As above.
    # Not every life passes what another did: an adoption comes once in a database, a refusal when there is cause.
    assert len(missed) <= max(1, MISSED_SHARE_MAX * (visited + len(missed)))


async def visit_one(marketplace: Marketplace, point: Point) -> bool:
    """Have a reactor die at a point and another live until it has credited something; return whether one died."""
    doomed = await marketplace.reactor(deadly=point)
    async with knocking(marketplace):
        try:
            async with asyncio.timeout(DEATH_SECONDS_MAX):
                await doomed.ended()
        except TimeoutError:
            await doomed.kill()
    heir = await marketplace.reactor()
    await marketplace.goes_on(1)
    await heir.kill()
    await proof.nothing_is_credited_before_its_time(marketplace)
    return doomed.did_die


@asynccontextmanager
async def knocking(marketplace: Marketplace) -> AsyncIterator[None]:
    """Have agents come in by the door again and again."""
    stop = asyncio.Event()

    async def knock() -> None:
        while not stop.is_set():
            for agent in marketplace.agents.values():
                agent.come_again()
            await pause(stop, KNOCK_SECONDS)

    async with asyncio.TaskGroup() as group:
        group.create_task(knock())
        try:
            yield
        finally:
            stop.set()


async def renew_bus(marketplace: Marketplace) -> None:
    """Let everything come to rest and check it, for what the streams prove is gone with them; then take them away."""
    reactor = await marketplace.reactor()
    await proof.comes_to_rest(marketplace)
    await reactor.kill()
    await marketplace.empty_bus()
    marketplace.jobs_a_second = JOBS_A_SECOND


def _points(touches: Counter[str]) -> list[Point]:
    return [
        Point(touch=touch, time=time, after=after)
        for touch, times in sorted(touches.items())
        for time in range(1, min(times, TIMES_MAX) + 1)
        for after in (False, True)
    ]


def _part(point: Point) -> int:
    return zlib.crc32(str(point).encode()) % PARTS


def _leaves_something(point: Point) -> bool:
    return any(words in point.touch for words in LEAVES_SOMETHING)


def _one_each(points: list[Point], random: Random) -> list[Point]:
    """Return one point of each touch, in any order."""
    return list({point.touch: point for point in random.sample(points, len(points))}.values())
